//! A token opens what its keys open, and dies with them at once.

use std::time::Duration;

use appgrant::{
    domain::{key_rules::Environment, permissions::Permissions, token_life::TokenLife},
    service::{
        access_tokens::{self, RulesChange},
        caller::Caller,
        keys::{self, KeyChange, MadeKey},
        users::{self, KeysFate},
    },
};
use tokio::time::{Instant, sleep};

use super::{Program, bearer, bind, come, connected, connected_as, in_use, registered};
use crate::{
    admin::made,
    support::{Question, TestApp, database},
};

async fn story(settings: &[(&str, &str)]) -> (TestApp, MadeKey, Program) {
    let app = TestApp::with(settings).await;
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    let program = Program::of(&app, &key);
    (app, key, program)
}

#[tokio::test]
async fn a_token_opens_what_its_key_opens() {
    let (app, key, program) = story(&[]).await;
    let token = program.token(&[]).await;
    let by_header =
        |token: &str| Question::original("POST", super::ORDERS).with("X-AccessToken", token);
    for question in [bearer("POST", &token), by_header(&token), bearer("POST", &token)] {
        let said = question.ask(&app).await;
        assert_eq!((said.status, said.body.as_str()), (204, ""), "{}", said.word());
        assert_eq!(said.header("x-appgrant-key-id"), key.id.to_string());
        assert_eq!(said.header("x-appgrant-permissions"), "read_write");
        assert_eq!(said.header("x-appgrant-owner"), "max");
        assert_eq!(said.header("x-appgrant-environment"), "production");
        assert!(said.header("x-appgrant-drop").contains("authorization, x-accesstoken"));
    }
    let read = program.token(&[("scope", "read")]).await;
    let said = bearer("GET", &read).ask(&app).await;
    assert_eq!(said.header("x-appgrant-permissions"), "read");
    let said = bearer("POST", &read).ask(&app).await;
    assert_eq!((said.status, said.word()), (401, "method_not_permitted"));
    assert!(said.header("www-authenticate").contains("insufficient_scope"));
    for secret in [&token, &read, &program.secret] {
        database::assert_holds_no(&app.database, secret);
    }
}

#[derive(Clone, Copy, Debug)]
enum End {
    Revoke,
    Narrow,
    DisableOwner,
    Rotate,
    Expire,
}

async fn make(end: End, app: &TestApp, id: i64) {
    let (services, ada) = (app.services(), app.caller("ada").await);
    match end {
        End::Revoke => keys::revoke(services, &ada, id, "").await.unwrap(),
        End::Narrow => {
            let permissions = Some(Permissions::Write);
            let change = KeyChange { description: None, permissions, expires_at: None };
            keys::change(services, &ada, id, change).await.unwrap();
        }
        End::DisableOwner => {
            let max = app.user("max").await.id;
            users::disable(services, &ada, max, KeysFate::Pause).await.unwrap();
        }
        End::Rotate => drop(keys::rotate(services, &ada, id, Duration::ZERO).await.unwrap()),
        End::Expire => {
            app.alter(&format!("UPDATE keys SET expires_at = 1 WHERE id = {id}")).await;
            services.verifier.changes.changed_here(services).await;
        }
    }
}

#[tokio::test]
async fn it_dies_at_once_with_its_key() {
    for (end, word) in [
        (End::Revoke, "revoked"),
        (End::Narrow, "method_not_permitted"),
        (End::DisableOwner, "owner_disabled"),
        (End::Expire, "expired"),
        // The key lives on, with another pair; what was got with this one does not.
        (End::Rotate, "token_revoked"),
    ] {
        let (app, key, program) = story(&[]).await;
        let token = program.token(&[("scope", "read")]).await;
        in_use(&app, &token).await;
        make(end, &app, key.id).await;
        for _ in 0..2 {
            assert_eq!(come(&app, "GET", &token).await, word, "{end:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_dies_with_its_app_and_with_its_user_and_alone() {
    let app = TestApp::with(&[("OAUTH2_PASSWORD_GRANT", "true")]).await;
    let ada = app.caller("ada").await;
    let (one, other) = (registered(&app, "One").await, registered(&app, "Other").await);
    let (first, _) = connected(&app, &one).await;
    let (second, _) = connected_as(&app, &one, "ada").await;
    let (third, _) = connected(&app, &other).await;
    for (token, owner) in [(&first, "max"), (&second, "ada"), (&third, "max")] {
        let said = bearer("POST", token).ask(&app).await;
        assert_eq!((said.word(), said.header("x-appgrant-owner")), ("allowed", owner));
        in_use(&app, token).await;
    }
    let said = bearer("GET", &first).ask(&app).await;
    let connection: i64 = said.header("x-appgrant-key-id").parse().unwrap();
    assert!(![one.key_id, other.key_id].contains(&connection));

    let narrowed =
        KeyChange { description: None, permissions: Some(Permissions::Read), expires_at: None };
    keys::change(app.services(), &ada, one.key_id, narrowed).await.unwrap();
    assert_eq!(come(&app, "POST", &first).await, "method_not_permitted", "the app was narrowed");
    assert_eq!(come(&app, "GET", &first).await, "allowed");
    keys::revoke(app.services(), &ada, connection, "").await.unwrap();
    assert_eq!(come(&app, "GET", &first).await, "revoked");
    assert_eq!(come(&app, "GET", &second).await, "allowed");
    keys::revoke(app.services(), &ada, one.key_id, "").await.unwrap();
    assert_eq!(come(&app, "GET", &second).await, "revoked");
    let caller = Caller::command_line();
    let max = app.user("max").await.id;
    users::disable(app.services(), &caller, max, KeysFate::Pause).await.unwrap();
    assert_eq!(come(&app, "GET", &third).await, "owner_disabled");
    users::enable(app.services(), &caller, max).await.unwrap();
    assert_eq!(come(&app, "GET", &third).await, "allowed");
}

#[tokio::test]
async fn what_another_process_ends_is_over_within_a_second() {
    let (app, _, program) = story(&[]).await;
    for (sql, word) in [
        ("UPDATE access_tokens SET permissions = 'write'", "method_not_permitted"),
        ("UPDATE access_tokens SET permissions = 'read', revoked_at = 1", "token_revoked"),
        ("DELETE FROM access_tokens", "unknown_token"),
    ] {
        let token = program.token(&[]).await;
        in_use(&app, &token).await;
        assert!(app.alter(sql).await > 0);
        let done = Instant::now();
        while come(&app, "GET", &token).await != word {
            assert!(done.elapsed() < Duration::from_secs(1), "{sql} was not heard of");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn it_ends_after_its_life_and_five_seconds() {
    let (app, key, program) = story(&[("TOKEN_SECONDS", "1800")]).await;
    let asks = async |validity: &str| {
        let mut fields = vec![("grant_type", "client_credentials")];
        fields.extend((!validity.is_empty()).then_some(("validity_period", validity)));
        program.ask(&fields).await
    };
    for (validity, lives) in [("", 1_800), ("60", 60), ("1800", 1_800), ("99999999999", 1_800)] {
        let told = asks(validity).await;
        assert_eq!(told.body["expires_in"], lives, "{validity}: {}", told.body);
    }
    for wrong in ["59", "0", "-1", "an hour", "60.5", " 60", "1e3"] {
        let told = asks(wrong).await;
        assert_eq!((told.status, &*told.text("error")), (400, "invalid_request"), "{wrong}");
    }
    let token = asks("60").await.text("access_token");
    app.clock.advance(Duration::from_millis(64_999));
    assert_eq!(come(&app, "GET", &token).await, "allowed", "clocks may differ");
    app.clock.advance(Duration::from_millis(1));
    let said = bearer("GET", &token).ask(&app).await;
    assert_eq!((said.status, said.word()), (401, "token_expired"));
    assert_eq!(said.header("www-authenticate"), "Bearer realm=\"store\", error=\"invalid_token\"");

    let lives = |seconds: i64| RulesChange {
        token_life: Some(TokenLife::of(seconds)),
        ..RulesChange::default()
    };
    bind(&app, key.id, lives(120)).await;
    assert_eq!(asks("").await.body["expires_in"], 120, "as its key says");
    assert_eq!(asks("600").await.body["expires_in"], 120, "a request only shortens");
    bind(&app, key.id, lives(-1)).await;
    let told = asks("").await;
    assert_eq!((told.status, told.body.get("expires_in")), (200, None), "it never ends");
    assert_eq!(asks("60").await.body["expires_in"], 60);
    app.clock.advance(Duration::from_hours(24 * 3_650));
    assert_eq!(come(&app, "GET", &told.text("access_token")).await, "allowed");
}

#[tokio::test]
async fn it_ends_no_later_than_its_key() {
    let (app, key, program) = story(&[("TOKEN_SECONDS", "-1")]).await;
    let end = app.services().now().plus(Duration::from_secs(90));
    let change = KeyChange { description: None, permissions: None, expires_at: Some(Some(end)) };
    keys::change(app.services(), &app.caller("ada").await, key.id, change).await.unwrap();
    let told = program.ask(&[("grant_type", "client_credentials")]).await;
    assert_eq!(told.body["expires_in"], 90);
    app.clock.advance(Duration::from_secs(90));
    assert_eq!(come(&app, "GET", &told.text("access_token")).await, "expired", "no grace for keys");
}

#[tokio::test]
async fn sandbox_is_told_to_the_store() {
    let (app, key, program) = story(&[("OAUTH2_PASSWORD_GRANT", "true")]).await;
    let made = registered(&app, "One").await;
    let (connection, _) = connected(&app, &made).await;
    let token = program.token(&[]).await;
    let environment = async |question: Question| {
        question.ask(&app).await.header("x-appgrant-environment").to_owned()
    };
    let pair = || Question::forwarded("GET", super::ORDERS).basic(&program.id, &program.secret);
    assert_eq!(environment(bearer("GET", &connection)).await, "production");
    let sandbox =
        || RulesChange { environment: Some(Environment::Sandbox), ..RulesChange::default() };
    bind(&app, key.id, sandbox()).await;
    bind(&app, made.key_id, sandbox()).await;
    assert_eq!(environment(pair()).await, "sandbox");
    assert_eq!(environment(bearer("GET", &token)).await, "sandbox");
    assert_eq!(environment(bearer("GET", &connection)).await, "sandbox", "as its app is");
    let nobody = Question::forwarded("OPTIONS", super::ORDERS);
    assert_eq!(environment(nobody).await, "");
}

#[tokio::test]
async fn the_last_use_of_a_token_is_noted() {
    let (app, key, program) = story(&[]).await;
    let (used, unused) = (program.token(&[]).await, program.token(&[]).await);
    in_use(&app, &used).await;
    crate::admin::uses_are_noted(&app, key.id).await;
    let ada = app.caller("ada").await;
    let listed = access_tokens::list(app.services(), &ada, key.id, None, 10).await.unwrap().tokens;
    assert_eq!(listed.len(), 2);
    for token in listed {
        assert_eq!(token.last_used_at.is_some(), used.ends_with(&token.ending));
        assert!(used.ends_with(&token.ending) || unused.ends_with(&token.ending));
    }
}
