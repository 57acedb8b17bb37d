//! The process is killed after a refresh was written and before it was answered: the app asks again with
//! what it has, and goes on.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::{Program, bearer};
use crate::support::{PASSWORD, Process, own_address};

/// A key made by the command line.
fn program(folder: &Path, address: &str) -> Program {
    let add = ["user", "add", "max", "--role", "manager", "--password-stdin"];
    let (code, _, error) = Process::run(folder, &add, PASSWORD);
    assert_eq!(code, 0, "{error}");
    let create = ["key", "create", "--user", "max", "--description", "Till", "--json"];
    let create = [&create[..], &["--permissions", "read"]].concat();
    let (code, said, error) = Process::run(folder, &create, "");
    assert_eq!(code, 0, "{error}");
    let said: Value = serde_json::from_str(&said).unwrap();
    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    let (id, secret) = (text("consumer_key"), text("consumer_secret"));
    Program { url: format!("http://{address}"), id, secret }
}

#[tokio::test]
async fn killed_before_the_answer_the_app_refreshes_again() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let address = own_address();
    let program = program(folder.path(), &address);
    let fault = [("FAULT_POINT", "after-refresh")];
    let mut process = Process::start(folder.path(), &address, &fault).await;
    let (access, refresh) = program.pair().await;
    let asking = {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
        let request = super::client().post(format!("{}/oauth2/token", program.url)).form(&form);
        let request = request.basic_auth(&program.id, Some(&program.secret));
        tokio::spawn(async move { request.send().await.map(drop) })
    };
    process.wait_for_log("stopped at after-refresh").await;
    process.kill();
    assert!(asking.await.unwrap().is_err(), "the answer is lost");

    let process = Process::start(folder.path(), &address, &[]).await;
    let again = program.refresh(&refresh).await;
    assert_eq!(again.status, 200, "{}", again.body);
    for token in [&access, &again.text("access_token")] {
        assert_eq!(bearer("GET", token).ask_at(&process.url).await.word(), "allowed");
    }
    let next = program.refresh(&again.text("refresh_token")).await;
    assert_eq!(next.status, 200, "{}", next.body);
    let stolen = program.refresh(&refresh).await;
    assert_eq!(stolen.text("error"), "invalid_grant", "now it is known to have arrived");
    let token = next.text("access_token");
    assert_eq!(bearer("GET", &token).ask_at(&process.url).await.word(), "token_revoked");
}
