//! The lines of `docs/licenses.md`, run by a shell and curl as they stand, in their order.

use std::{ffi::OsString, fs, path::Path, process::Command};

use tokio::task::spawn_blocking;

use crate::support::{TestApp, database, needed, postgres};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_about_licenses_run() {
    for tool in ["curl", "jq"] {
        let there = needed("the lines of docs/licenses.md", Command::new(tool).arg("--version"));
        if there.is_none() {
            return;
        }
    }
    let app = TestApp::start().await;
    let script = lines().replace("http://127.0.0.1:8080", &app.url);
    let mut shell = shell(&app, &script);
    let ran = spawn_blocking(move || shell.output().unwrap()).await.unwrap();
    let told = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{told}\n{}", String::from_utf8_lossy(&ran.stderr));
    for (word, times) in [
        ("License Key activated successfully.", 2),
        ("License Key is valid.", 1),
        ("Activation has been deactivated.", 1),
        ("\"error\":true", 0),
    ] {
        assert_eq!(told.matches(word).count(), times, "{word}: {told}");
    }
}

fn shell(app: &TestApp, script: &str) -> Command {
    let folder = app.folder.path();
    // Every answer must be a success, and ends its line.
    let settings = "fail-with-body\nshow-error\nnoproxy = \"*\"\nwrite-out = \"\\n\"\n";
    fs::write(folder.join(".curlrc"), settings).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_appgrant")).parent().unwrap();
    let mut path = OsString::from(program);
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-x", "-c", script])
        .current_dir(folder)
        .env("PATH", path)
        .env("CURL_HOME", folder)
        .env_remove(database::CHOICE)
        .env_remove(postgres::URL)
        .env("APPGRANT_DATABASE_URL", &app.database)
        .env("APPGRANT_SECRET_KEY_FILE", folder.join("appgrant.key"));
    shell
}

fn lines() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/licenses.md");
    let text = fs::read_to_string(page).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<_> = blocks.collect();
    assert!(blocks.len() >= 5, "{blocks:?}");
    blocks.concat()
}
