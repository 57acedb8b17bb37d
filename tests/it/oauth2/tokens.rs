//! Tokens: got with a key, with a code, with a refresh token; what they open, and when they end.

use std::time::Duration;

use appgrant::{
    domain::permissions::Permissions::{Read, ReadWrite},
    service::{access_tokens, keys, oauth2::AppKind},
};

use super::program::{REDIRECT, VERIFIER, key, registered, verify};
use crate::support::TestApp;

#[tokio::test]
async fn a_key_gets_a_token_that_opens_what_it_opens_for_an_hour() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let told = program.token(&[("grant_type", "client_credentials")]).await;
    assert_eq!(told.status, 200, "{}", told.body);
    assert_eq!(told.text("token_type"), "Bearer");
    assert_eq!(
        (told.body["expires_in"].as_i64(), &*told.text("scope")),
        (Some(3600), "read write")
    );
    assert!(told.body.get("refresh_token").is_none(), "{}", told.body);
    for (name, value) in [("cache-control", "no-store"), ("pragma", "no-cache")] {
        assert_eq!(told.answer.header(name), value);
    }
    let token = told.text("access_token");
    assert!(token.starts_with("agat_") && token.len() == 48, "{token}");
    for method in ["GET", "DELETE"] {
        let said = verify(&app, method, &token).await;
        assert_eq!(said.status, 204, "{}", said.body);
        assert_eq!(said.header("x-appgrant-key-id"), program.key_id.to_string());
        assert_eq!(said.header("x-appgrant-permissions"), "read_write");
        assert_eq!(said.header("x-appgrant-environment"), "production");
    }
    app.clock.advance(Duration::from_secs(3_604));
    assert_eq!(verify(&app, "GET", &token).await.status, 204, "5 s of skew");
    app.clock.advance(Duration::from_secs(1));
    let said = verify(&app, "GET", &token).await;
    assert_eq!((said.status, said.word().to_owned()), (401, "token_expired".to_owned()));
    assert!(said.header("www-authenticate").contains("error=\"invalid_token\""));
}

#[tokio::test]
async fn scope_and_validity_only_narrow() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let asks = |more: Vec<(&'static str, &'static str)>| {
        let program = program.clone();
        async move {
            let mut fields = vec![("grant_type", "client_credentials")];
            fields.extend(more);
            program.token(&fields).await
        }
    };
    let told = asks(vec![("scope", "read"), ("validity_period", "60")]).await;
    assert_eq!((told.body["expires_in"].as_i64(), &*told.text("scope")), (Some(60), "read"));
    let token = told.text("access_token");
    assert_eq!(verify(&app, "GET", &token).await.status, 204);
    let said = verify(&app, "POST", &token).await;
    assert_eq!((said.status, said.word().to_owned()), (401, "method_not_permitted".to_owned()));
    assert!(said.header("www-authenticate").contains("insufficient_scope"));
    let told = asks(vec![("validity_period", "999999")]).await;
    assert_eq!(told.body["expires_in"].as_i64(), Some(3600), "no longer than the store says");
    assert_eq!(asks(vec![("scope", "read_write")]).await.text("scope"), "read_write");
    for (name, value, error) in [
        ("scope", "admin", "invalid_scope"),
        ("validity_period", "59", "invalid_request"),
        ("validity_period", "-1", "invalid_request"),
        ("validity_period", "soon", "invalid_request"),
    ] {
        assert_eq!(asks(vec![(name, value)]).await.error(), (400, error.to_owned()), "{value}");
    }
    let reader = key(&app, Read).await;
    let told = reader.token(&[("grant_type", "client_credentials"), ("scope", "write")]).await;
    assert_eq!(told.error(), (400, "invalid_scope".to_owned()));
}

#[tokio::test]
async fn a_code_gets_a_pair_for_the_user_who_approved() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Confidential, ReadWrite).await;
    let ada = app.logged_in("ada").await;
    let code = program.approved_by(&ada, &[("scope", "read")]).await;
    let told = program.redeem(&code).await;
    assert_eq!((told.status, &*told.text("scope")), (200, "read"), "{}", told.body);
    let said = verify(&app, "GET", &told.text("access_token")).await;
    assert_eq!((said.status, said.header("x-appgrant-owner")), (204, "ada"));
    assert_eq!(said.header("x-appgrant-app"), "Parcel Post");
    let connection: i64 = said.header("x-appgrant-key-id").parse().unwrap();
    assert_ne!(connection, program.key_id, "a key of its own");
    // Again: somebody else has the code too.
    let again = program.redeem(&code).await;
    assert_eq!(again.error(), (400, "invalid_grant".to_owned()));
    let said = verify(&app, "GET", &told.text("access_token")).await;
    assert_eq!((said.status, said.word().to_owned()), (401, "token_revoked".to_owned()));
    let refreshed = program.refresh(&told.text("refresh_token")).await;
    assert_eq!(refreshed.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn a_refresh_token_works_once_but_for_a_lost_answer() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let max = app.logged_in("max").await;
    let first = program.redeem(&program.approved_by(&max, &[]).await).await;
    let old = first.text("refresh_token");
    let second = program.refresh(&old).await;
    assert_eq!(second.status, 200, "{}", second.body);
    assert_ne!(second.text("refresh_token"), old);
    // The answer got lost, or two threads refreshed at once.
    app.clock.advance(Duration::from_secs(29));
    let third = program.refresh(&old).await;
    assert_eq!(third.status, 200, "{}", third.body);
    for told in [&first, &second, &third] {
        assert_eq!(verify(&app, "GET", &told.text("access_token")).await.status, 204);
    }
    app.clock.advance(Duration::from_secs(2));
    let late = program.refresh(&old).await;
    assert_eq!(late.error(), (400, "invalid_grant".to_owned()));
    assert!(late.text("error_description").contains("used before"), "{}", late.body);
    for told in [&first, &second, &third] {
        let said = verify(&app, "GET", &told.text("access_token")).await;
        assert_eq!((said.status, said.word().to_owned()), (401, "token_revoked".to_owned()));
        let told = program.refresh(&told.text("refresh_token")).await;
        assert_eq!(told.error(), (400, "invalid_grant".to_owned()), "all of it ended");
    }
}

#[tokio::test]
async fn who_used_the_next_token_has_got_the_answer() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let max = app.logged_in("max").await;
    let first = program.redeem(&program.approved_by(&max, &[]).await).await;
    let second = program.refresh(&first.text("refresh_token")).await;
    app.clock.advance(Duration::from_secs(1));
    let third = program.refresh(&second.text("refresh_token")).await;
    app.clock.advance(Duration::from_secs(1));
    let thief = program.refresh(&first.text("refresh_token")).await;
    assert_eq!(thief.error(), (400, "invalid_grant".to_owned()));
    let said = verify(&app, "GET", &third.text("access_token")).await;
    assert_eq!(said.word().to_owned(), "token_revoked");
}

#[tokio::test]
async fn a_refresh_may_ask_for_less_and_gets_all_again() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Confidential, ReadWrite).await;
    let max = app.logged_in("max").await;
    let first = program.redeem(&program.approved_by(&max, &[]).await).await;
    let token = first.text("refresh_token");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*token), ("scope", "read")];
    let less = program.token(&fields).await;
    assert_eq!(less.text("scope"), "read");
    assert_eq!(verify(&app, "POST", &less.text("access_token")).await.status, 401);
    let all = program.refresh(&less.text("refresh_token")).await;
    assert_eq!(all.text("scope"), "read write");
    assert_eq!(verify(&app, "POST", &all.text("access_token")).await.status, 204);
}

#[tokio::test]
async fn a_refresh_token_is_its_own_clients() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Confidential, ReadWrite).await;
    let other = registered(&app, AppKind::Confidential, ReadWrite).await;
    let max = app.logged_in("max").await;
    let told = program.redeem(&program.approved_by(&max, &[]).await).await;
    let stolen = other.refresh(&told.text("refresh_token")).await;
    assert_eq!(stolen.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(program.refresh(&told.text("refresh_token")).await.status, 200, "and nothing ended");
}

#[tokio::test]
async fn a_token_ends_with_its_key_and_with_its_client() {
    let app = TestApp::start().await;
    let (caller, max) = (app.caller("ada").await, app.logged_in("max").await);
    let program = key(&app, ReadWrite).await;
    let token = program.application_token().await;
    assert_eq!(verify(&app, "GET", &token).await.status, 204);
    keys::revoke(app.services(), &caller, program.key_id, "over").await.unwrap();
    let said = verify(&app, "GET", &token).await;
    assert_eq!((said.status, said.word().to_owned()), (401, "revoked".to_owned()));

    let client = registered(&app, AppKind::Public, ReadWrite).await;
    let told = client.redeem(&client.approved_by(&max, &[]).await).await;
    let token = told.text("access_token");
    assert_eq!(verify(&app, "GET", &token).await.status, 204);
    keys::revoke(app.services(), &caller, client.key_id, "over").await.unwrap();
    assert_eq!(verify(&app, "GET", &token).await.word(), "revoked");
    let told = client.refresh(&told.text("refresh_token")).await;
    assert_eq!(told.error(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn only_so_many_tokens_are_made_for_one_client() {
    let app = TestApp::with(&[("TOKEN_RATE", "60")]).await;
    let (program, other) = (key(&app, Read).await, key(&app, Read).await);
    for _ in 0..10 {
        program.application_token().await;
    }
    let told = program.token(&[("grant_type", "client_credentials")]).await;
    assert_eq!(told.error(), (429, "temporarily_unavailable".to_owned()));
    assert_eq!(told.answer.header("retry-after"), "1");
    assert_eq!(told.answer.header("www-authenticate"), "");
    other.application_token().await;
    app.clock.advance(Duration::from_secs(1));
    program.application_token().await;
}

#[tokio::test]
async fn tokens_may_never_end_if_the_store_wants_that() {
    let app = TestApp::with(&[("TOKEN_SECONDS", "-1")]).await;
    let program = key(&app, Read).await;
    let told = program.token(&[("grant_type", "client_credentials")]).await;
    assert!(told.body.get("expires_in").is_none(), "{}", told.body);
    app.clock.advance(Duration::from_hours(24 * 3_650));
    // A lifetime of uses of nothing else: the sign of life of the database is as old.
    let said = verify(&app, "GET", &told.text("access_token")).await;
    assert_eq!(said.status, 204, "{}", said.body);
    let told =
        program.token(&[("grant_type", "client_credentials"), ("validity_period", "120")]).await;
    assert_eq!(told.body["expires_in"].as_i64(), Some(120));
}

/// With a code and with a key the answer says what the token may do, whatever words came along.
#[tokio::test]
async fn the_scope_of_an_answer_is_the_tokens() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Confidential, ReadWrite).await;
    let max = app.logged_in("max").await;
    for (sent, told) in
        [("admin", "read write"), ("read", "read write"), ("write read", "write read")]
    {
        let code = program.approved_by(&max, &[]).await;
        let answer = program
            .token(&[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT),
                ("code_verifier", VERIFIER),
                ("scope", sent),
            ])
            .await;
        assert_eq!((answer.status, &*answer.text("scope")), (200, told), "{}", answer.body);
    }
    for (sent, told) in
        [("read_write", "read_write"), ("write read", "write read"), ("", "read write")]
    {
        let fields = [("grant_type", "client_credentials"), ("scope", sent)];
        assert_eq!(program.token(&fields).await.text("scope"), told);
    }
}

#[tokio::test]
async fn a_token_whose_key_permits_nothing_of_it_is_worth_nothing() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let fields = [("grant_type", "client_credentials"), ("scope", "read")];
    let token = program.token(&fields).await.text("access_token");
    assert_eq!(program.introspect(&token).await["active"], true);
    let change = keys::KeyChange {
        permissions: Some(appgrant::domain::permissions::Permissions::Write),
        ..keys::KeyChange::default()
    };
    let ada = app.caller("ada").await;
    keys::change(app.services(), &ada, program.key_id, change).await.unwrap();
    assert_eq!(verify(&app, "GET", &token).await.word(), "method_not_permitted");
    assert_eq!(program.introspect(&token).await["active"], false);
}

#[tokio::test]
async fn what_was_got_with_a_pair_ends_with_it() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let token = program.application_token().await;
    let pair = format!("{}:{}", program.id, program.secret.as_deref().unwrap());
    let fields = [("grantType", "secret"), ("secretKey", &*pair)];
    let answer = super::program::told(app.browser().post("/auth/v1/accessToken", &fields).await);
    let refresh = answer.body["body"]["refreshToken"].as_str().unwrap().to_owned();
    let max = app.caller("max").await;
    keys::rotate(app.services(), &max, program.key_id, Duration::from_hours(1)).await.unwrap();
    assert_eq!(verify(&app, "GET", &token).await.word(), "allowed", "while the old pair works");
    keys::end_previous(app.services(), &max, program.key_id).await.unwrap();
    assert_eq!(verify(&app, "GET", &token).await.word(), "token_revoked");
    let fields = [("grantType", "refresh"), ("refreshToken", &*refresh)];
    assert_eq!(app.browser().post("/auth/v1/accessToken", &fields).await.status, 401);
}

#[tokio::test]
async fn ending_a_token_ends_what_refreshes_it_though_its_app_threw_it_away() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Confidential, ReadWrite).await;
    let ada = app.logged_in("ada").await;
    let pair = program.redeem(&program.approved_by(&ada, &[]).await).await;
    let access = pair.text("access_token");
    let said = verify(&app, "GET", &access).await;
    let connection: i64 = said.header("x-appgrant-key-id").parse().unwrap();
    assert_eq!(program.post("/oauth2/revoke", &[("token", &access)]).await.status, 200);
    let caller = app.caller("ada").await;
    let services = app.services();
    let listed = access_tokens::list(services, &caller, connection, None, 10).await.unwrap().tokens;
    let ended = access_tokens::revoke(services, &caller, connection, listed[0].id).await.unwrap();
    assert!(ended);
    let told = program.refresh(&pair.text("refresh_token")).await;
    assert_eq!(told.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn nobody_uses_up_the_rate_of_an_app_that_keeps_no_secret() {
    let app = TestApp::with(&[("TOKEN_RATE", "60")]).await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let max = app.logged_in("max").await;
    let code = program.approved_by(&max, &[]).await;
    for number in 0..15 {
        let text = format!("agrt_{}{number:03}", "a".repeat(40));
        assert_eq!(program.refresh(&text).await.error(), (400, "invalid_grant".to_owned()));
    }
    assert_eq!(program.redeem(&code).await.status, 200);
}
