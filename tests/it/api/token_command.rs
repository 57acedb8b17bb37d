//! `appgrant token`: made once, listed without the token, ended.

use serde_json::Value;

use crate::support::{PASSWORD, Process};

#[tokio::test]
async fn tokens_are_made_listed_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| Process::run(folder.path(), arguments, PASSWORD);
    run(&["user", "add", "ada", "--role", "admin", "--password-stdin"]);
    let (code, out, talk) = run(&["token", "create", "--user", "ada", "--name", "nightly"]);
    let token = out.trim().to_owned();
    assert_eq!((code, token.len(), &token[..4]), (0, 44, "agt_"), "{talk}");
    assert!(talk.contains("only showing") && !talk.contains(&token), "{talk}");

    let ends = ["--expires", "2100-01-31", "--json"];
    let create = ["token", "create", "--user", "ada", "--name", "short"];
    let (_, out, _) = run(&[&create[..], &ends[..]].concat());
    let made: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&made["id"], &made["user"]), (&2.into(), &"ada".into()));
    assert_eq!(made["expires_at"], "2100-02-01T00:00:00Z");
    assert!(made["token"].as_str().unwrap().starts_with("agt_"));

    assert_eq!(run(&["token", "revoke", "1"]), (0, "token 1 revoked\n".into(), String::new()));
    let (_, list, _) = run(&["token", "list", "--json"]);
    assert!(!list.contains(&token));
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&list[0]["name"], &list[0]["revoked_at"]), (&"short".into(), &Value::Null));
    assert_eq!((&list[1]["name"], &list[1]["user"]), (&"nightly".into(), &"ada".into()));
    assert!(list[1]["revoked_at"].is_string());
    let (_, plain, _) = run(&["token", "list"]);
    assert!(plain.contains("nightly") && plain.contains("revoked"), "{plain}");

    for (arguments, complaint) in [
        (vec!["token", "revoke", "1"], "ended before"),
        (vec!["token", "create", "--user", "eve", "--name", "x"], "no user of that login"),
        (vec!["token", "create", "--user", "ada", "--name", " "], "what the token is for"),
        (
            vec!["token", "create", "--user", "ada", "--name", "x", "--expires", "2001-01-01"],
            "lies in the past",
        ),
    ] {
        let (code, out, error) = run(&arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}");
        assert!(error.contains(complaint), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
