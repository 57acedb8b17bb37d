//! Refreshing over HTTP: once, with a grace for lost answers; a second use ends all that came of it, and
//! is written down.

use std::time::Duration;

use appgrant::{
    domain::permissions::Permissions,
    service::{
        access_tokens::{self, RulesChange},
        keys::{self, KeyChange, MadeKey},
    },
};
use tokio::task::JoinSet;

use super::{Program, bind, come, connected, registered, told};
use crate::{
    admin::made,
    support::{TestApp, database},
};

const LATER: Duration = Duration::from_secs(30);

async fn story() -> (TestApp, MadeKey, Program) {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    let program = Program::of(&app, &key);
    (app, key, program)
}

#[tokio::test]
async fn each_refresh_gets_the_next_pair() {
    let (app, _, program) = story().await;
    let (access, mut refresh) = program.pair().await;
    for _ in 0..3 {
        let told = program.refresh(&refresh).await;
        assert_eq!((told.status, told.body["expires_in"].as_i64()), (200, Some(3_600)));
        assert_eq!(told.headers["cache-control"], "no-store");
        assert_eq!(told.headers["pragma"], "no-cache");
        assert_eq!(come(&app, "POST", &told.text("access_token")).await, "allowed");
        refresh = told.text("refresh_token");
    }
    assert_eq!(come(&app, "GET", &access).await, "allowed", "until its own end");
}

#[tokio::test]
async fn a_spent_token_used_after_the_grace_ends_its_family() {
    let (app, key, program) = story().await;
    let (first, refresh) = program.pair().await;
    let (other, _) = program.pair().await;
    let told = program.refresh(&refresh).await;
    let second = told.text("access_token");
    for token in [&first, &second, &other] {
        super::in_use(&app, token).await;
    }
    app.clock.advance(LATER);
    let stolen = program.refresh(&refresh).await;
    assert_eq!((stolen.status, &*stolen.text("error")), (400, "invalid_grant"));
    assert!(stolen.text("error_description").contains("used before"));
    for token in [&first, &second] {
        assert_eq!(come(&app, "GET", token).await, "token_revoked");
    }
    assert_eq!(come(&app, "GET", &other).await, "allowed", "another family");
    let next = program.refresh(&told.text("refresh_token")).await;
    assert_eq!((next.status, &*next.text("error")), (400, "invalid_grant"));
    let noted = format!(
        "SELECT outcome AS text FROM audit WHERE event = 'access_token.reused' \
         AND object_kind = 'key' AND object_id = '{}'",
        key.id
    );
    assert_eq!(database::texts(&app.database, &noted), ["refused"]);
}

#[tokio::test]
async fn a_lost_answer_can_be_had_again() {
    let (app, _, program) = story().await;
    let (_, refresh) = program.pair().await;
    let lost = program.refresh(&refresh).await;
    app.clock.advance(Duration::from_millis(29_999));
    let again = program.refresh(&refresh).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_ne!(again.text("refresh_token"), lost.text("refresh_token"));
    let used = program.refresh(&again.text("refresh_token")).await;
    assert_eq!(come(&app, "GET", &used.text("access_token")).await, "allowed");
    let late = program.refresh(&refresh).await;
    assert_eq!(&*late.text("error"), "invalid_grant", "its answer was used");
    assert_eq!(come(&app, "GET", &used.text("access_token")).await, "token_revoked");
}

#[tokio::test]
async fn many_threads_that_refresh_at_once_all_go_on() {
    let (app, _, program) = story().await;
    let (_, refresh) = program.pair().await;
    let mut threads = JoinSet::new();
    for _ in 0..12 {
        let (program, refresh) = (program.clone(), refresh.clone());
        threads.spawn(async move { program.refresh(&refresh).await });
    }
    let all = threads.join_all().await;
    for told in &all {
        assert_eq!(told.status, 200, "{}", told.body);
        assert_eq!(come(&app, "GET", &told.text("access_token")).await, "allowed");
    }
    for told in &all {
        assert_eq!(program.refresh(&told.text("refresh_token")).await.status, 200);
    }
}

#[tokio::test]
async fn a_scope_narrows_the_access_token_and_not_the_refresh_token() {
    let (app, key, program) = story().await;
    let (_, refresh) = program.pair().await;
    let narrowed = async |refresh: &str, scope: &str| {
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", scope)];
        program.ask(&fields).await
    };
    let told = narrowed(&refresh, "read").await;
    assert_eq!(told.text("scope"), "read");
    assert_eq!(come(&app, "POST", &told.text("access_token")).await, "method_not_permitted");
    let told = program.refresh(&told.text("refresh_token")).await;
    assert_eq!(come(&app, "POST", &told.text("access_token")).await, "allowed", "all again");

    let ada = app.caller("ada").await;
    let permissions = Some(Permissions::Read);
    let change = KeyChange { description: None, permissions, expires_at: None };
    keys::change(app.services(), &ada, key.id, change).await.unwrap();
    let wide = narrowed(&told.text("refresh_token"), "write").await;
    assert_eq!((wide.status, &*wide.text("error")), (400, "invalid_scope"));
    let unknown = narrowed(&told.text("refresh_token"), "admin").await;
    assert_eq!(&*unknown.text("error"), "invalid_scope");
    let told = program.refresh(&told.text("refresh_token")).await;
    assert_eq!((told.status, &*told.text("scope")), (200, "read"), "a refusal spends nothing");
}

#[tokio::test]
async fn a_refresh_token_is_its_holders_alone_and_ends() {
    let app = TestApp::with(&[("OAUTH2_PASSWORD_GRANT", "true")]).await;
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    let program = Program::of(&app, &key);
    let one = registered(&app, "One").await;
    let (access, refresh) = connected(&app, &one).await;
    let told_to_another = program.refresh(&refresh).await;
    assert_eq!(&*told_to_another.text("error"), "invalid_grant");
    let fields = [("grantType", "refresh"), ("refreshToken", refresh.as_str())];
    let anonymous = super::client().post(format!("{}/auth/v1/accessToken", app.url)).form(&fields);
    assert_eq!(told(anonymous, None).await.status, 401, "without its app it is worth nothing");
    assert_eq!(come(&app, "GET", &access).await, "allowed", "and nothing was ended");
    let (id, secret) = (one.credential.key.as_str(), one.credential.secret.expose());
    let own = Program { url: app.url.clone(), id: id.to_owned(), secret: secret.to_owned() };
    let told = own.refresh(&refresh).await;
    assert_eq!(told.status, 200, "{}", told.body);

    app.clock.advance(Duration::from_hours(24 * 30));
    let late = own.refresh(&told.text("refresh_token")).await;
    assert_eq!((late.status, &*late.text("error")), (400, "invalid_grant"));
    assert!(late.text("error_description").contains("expired"));
}

#[tokio::test]
async fn a_key_that_is_over_or_elsewhere_refreshes_nothing() {
    let (app, key, program) = story().await;
    let (_, refresh) = program.pair().await;
    let elsewhere =
        RulesChange { networks: Some("203.0.113.0/24".to_owned()), ..Default::default() };
    bind(&app, key.id, elsewhere).await;
    let pure = async |refresh: &str| {
        let fields = [("grantType", "refresh"), ("refreshToken", refresh)];
        told(super::client().post(format!("{}/auth/v1/accessToken", app.url)).form(&fields), None)
            .await
    };
    let refused = pure(&refresh).await;
    assert_eq!((refused.status, refused.body["header"]["code"].as_i64()), (401, Some(0)));
    let anywhere = RulesChange { networks: Some("ALL".to_owned()), ..Default::default() };
    let ada = app.caller("ada").await;
    let services = app.services();
    let wrong = access_tokens::change_rules(services, &ada, key.id, anywhere);
    assert!(wrong.await.is_err(), "ALL is for domains");
    bind(&app, key.id, RulesChange { networks: Some(String::new()), ..Default::default() }).await;
    let good = pure(&refresh).await;
    assert_eq!(good.status, 200, "{}", good.body);
    let refresh = good.body["body"]["refreshToken"].as_str().unwrap().to_owned();
    keys::revoke(services, &ada, key.id, "").await.unwrap();
    assert_eq!(pure(&refresh).await.status, 401);
    assert_eq!(program.refresh(&refresh).await.text("error"), "invalid_client");
}
