//! The lines of `docs/api.md` run as they stand.

use std::{fs, path::Path, process::Command};

use crate::support::{TestApp, database, needed, postgres};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_of_the_document_run() {
    for tool in ["curl", "jq"] {
        if needed("the lines of docs/api.md", Command::new(tool).arg("--version")).is_none() {
            return;
        }
    }
    let app = TestApp::start().await;
    let folder = app.folder.path();
    // Every answer must be a success.
    fs::write(folder.join(".curlrc"), "fail-with-body\nshow-error\nnoproxy = \"*\"\n").unwrap();
    let script = script().replace("http://127.0.0.1:8080", &app.url);
    let program = Path::new(env!("CARGO_BIN_EXE_appgrant")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var_os("PATH").unwrap().display());
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-x", "-c", &script])
        .current_dir(folder)
        .env("PATH", path)
        .env("CURL_HOME", folder)
        .env_remove(database::CHOICE)
        .env_remove(postgres::URL)
        .env("APPGRANT_DATABASE_URL", &app.database)
        .env("APPGRANT_SECRET_KEY_FILE", folder.join("appgrant.key"));
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let talk = String::from_utf8_lossy(&ran.stderr);
    let out = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{talk}\n{out}");
    for told in ["consumer_secret", "\"key.revoked\"", "Accounting export"] {
        assert!(out.contains(told), "{told}: {out}");
    }
}

fn script() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<_> = blocks.collect();
    assert!(blocks.len() >= 6, "{blocks:?}");
    blocks.concat()
}
