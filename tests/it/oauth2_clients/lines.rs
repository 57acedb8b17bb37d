//! The lines of `docs/oauth2.md` and `docs/purewl.md`, run by a shell and curl as they stand, in their
//! order, at the shop behind nginx. Where they ask a person to open an address, one does.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
};

use tokio::task::spawn_blocking;

use super::shop::Shop;
use crate::support::{database, needed, postgres};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_about_oauth2_run() {
    let Some(told) = run("docs/oauth2.md", 9).await else { return };
    for (word, times) in [
        ("\"scope\":\"read\"", 1),
        ("\"store\":true", 3),
        ("\"active\":true", 1),
        ("\"introspection_endpoint\"", 1),
        ("\"scope\": \"read write\"", 1),
    ] {
        assert_eq!(told.matches(word).count(), times, "{word}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_about_purewl_run() {
    let Some(told) = run("docs/purewl.md", 6).await else { return };
    for (word, times) in [
        ("\"message\":\"success\"", 2),
        ("\"message\": \"success\"", 1),
        ("\"expiry\": 3600", 1),
        ("\"store\":true", 1),
        ("\nagat_", 1),
        ("\nagrt_", 1),
    ] {
        assert_eq!(told.matches(word).count(), times, "{word}: {told}");
    }
}

/// What the page's lines say; nothing where they cannot be tried.
async fn run(page: &str, at_least: usize) -> Option<String> {
    for (tool, asked) in [("curl", "--version"), ("jq", "--version"), ("openssl", "version")] {
        needed(&format!("the lines of {page}"), Command::new(tool).arg(asked))?;
    }
    let shop = Shop::open().await?;
    let script = lines(page, at_least).replace("https://shop.example", &shop.url);
    let errors = shop.app.folder.path().join("errors");
    let mut shell = Shell(shell(&shop, &script, &errors));
    let told = listen(&shop, &mut shell.0).await;
    let ended = shell.0.wait().unwrap();
    assert!(ended.success(), "{told}\n{}", fs::read_to_string(errors).unwrap());
    Some(told)
}

/// A shell; killed when dropped.
struct Shell(Child);

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Hears everything; does what a person is asked to.
async fn listen(shop: &Shop, shell: &mut Child) -> String {
    let mut input = shell.stdin.take().unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
    let link = format!("{}/oauth2/authorize?", shop.url);
    let mut told = String::new();
    loop {
        let (line, rest) = spawn_blocking(move || (lines.next(), lines)).await.unwrap();
        lines = rest;
        let Some(line) = line else { return told };
        let line = line.unwrap();
        if line.starts_with(&link) {
            let came = url::Url::parse(&shop.decides(&line, "approve").await).unwrap();
            let code = came.query_pairs().find(|(name, _)| name == "code").unwrap().1;
            writeln!(input, "{code}").unwrap();
        }
        told.push_str(&line);
        told.push('\n');
    }
}

fn shell(shop: &Shop, script: &str, errors: &Path) -> Child {
    let folder = shop.app.folder.path();
    // Every answer must be a success, and ends its line.
    let settings = "fail-with-body\nshow-error\nnoproxy = \"*\"\nwrite-out = \"\\n\"\n";
    fs::write(folder.join(".curlrc"), settings).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_appgrant")).parent().unwrap();
    let mut path = OsString::from(program);
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    Command::new("bash")
        .args(["-euo", "pipefail", "-x", "-c", script])
        .current_dir(folder)
        .env("PATH", path)
        .env("CURL_HOME", folder)
        .env("CURL_CA_BUNDLE", shop.certificate())
        .env_remove(database::CHOICE)
        .env_remove(postgres::URL)
        .env("APPGRANT_DATABASE_URL", &shop.app.database)
        .env("APPGRANT_SECRET_KEY_FILE", folder.join("appgrant.key"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(File::create(errors).unwrap())
        .spawn()
        .unwrap()
}

fn lines(page: &str, at_least: usize) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<_> = blocks.collect();
    assert!(blocks.len() >= at_least, "{blocks:?}");
    blocks.concat()
}
