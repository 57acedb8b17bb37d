//! Schemathesis makes requests out of the description, good ones and bad ones, and looks whether the
//! server keeps to it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    api::Program,
    support::{TestApp, granted, needed},
};

/// Values that fit their schema may break rules that no schema tells, such as a cursor of another list.
const CONFIG: &str = r#"[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422, 503]
"#;

/// The checks: no 5xx, no status, type, header or body that is not described, nothing taken that the
/// description forbids, nothing refused as unreadable that it allows.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,\
                      negative_data_rejection,positive_data_acceptance,unsupported_method,\
                      ignored_auth";

fn tool() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schemathesis")
}

fn schemathesis() -> Command {
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", tool()).args(["-m", "schemathesis.cli"]);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute of a core; continuous integration runs it"]
async fn the_server_keeps_to_its_description() {
    let what = "the API's description (scripts/install-schemathesis)";
    if needed(what, schemathesis().arg("--version")).is_none() {
        return;
    }
    let app = TestApp::start().await;
    granted(&app, "read_write").await;
    let ada = Program::of(&app, "ada").await;
    ada.key("to be played with").await;
    let folder = app.folder.path().to_owned();
    std::fs::write(folder.join("schemathesis.toml"), CONFIG).unwrap();
    let mut command = schemathesis();
    command
        .current_dir(&folder)
        .arg("run")
        .arg(format!("{}/openapi.json", app.url))
        .args(["--header", &format!("Authorization: Bearer {}", ada.token)])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        // The token must live, and Ada with it.
        .args(["--exclude-operation-id", "revokeToken"])
        .args(["--max-examples", "25", "--seed", "7", "--workers", "1", "--no-color"])
        .args(["--request-timeout", "20", "--max-failures", "30"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{talk}");
}
