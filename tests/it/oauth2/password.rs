//! The password grant: off unless the store wants it.

use appgrant::{
    domain::permissions::Permissions::{Read, ReadWrite},
    service::oauth2::AppKind,
};

use super::program::{key, registered, verify};
use crate::support::{PASSWORD, TestApp};

fn fields<'a>(user: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [("grant_type", "password"), ("username", user), ("password", password)]
}

#[tokio::test]
async fn it_is_off_unless_asked_for() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Confidential, ReadWrite).await;
    let told = program.token(&fields("max", PASSWORD)).await;
    assert_eq!(told.error(), (400, "unsupported_grant_type".to_owned()));
}

#[tokio::test]
async fn a_registered_app_with_a_secret_gets_a_users_token() {
    let app = TestApp::with(&[("OAUTH2_PASSWORD_GRANT", "true")]).await;
    let program = registered(&app, AppKind::Confidential, Read).await;
    let told = program.token(&fields("ada@shop.example", PASSWORD)).await;
    assert_eq!((told.status, &*told.text("scope")), (200, "read"), "{}", told.body);
    let said = verify(&app, "GET", &told.text("access_token")).await;
    assert_eq!((said.status, said.header("x-appgrant-owner")), (204, "ada"));
    assert_eq!(program.refresh(&told.text("refresh_token")).await.status, 200);
    for (user, password) in [("max", "wrong"), ("nobody", PASSWORD), ("vera", PASSWORD)] {
        let told = program.token(&fields(user, password)).await;
        assert_eq!(told.error(), (400, "invalid_grant".to_owned()), "{user}");
    }
    for other in [key(&app, Read).await, registered(&app, AppKind::Public, Read).await] {
        let told = other.token(&fields("max", PASSWORD)).await;
        assert_eq!(told.error(), (400, "unauthorized_client".to_owned()));
    }
}

#[tokio::test]
async fn guessing_is_slowed_as_at_the_login() {
    let app = TestApp::with(&[("OAUTH2_PASSWORD_GRANT", "true"), ("TOKEN_RATE", "0")]).await;
    let program = registered(&app, AppKind::Confidential, Read).await;
    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(program.token(&fields("max", "wrong")).await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    let told = program.token(&fields("max", PASSWORD)).await;
    assert_eq!(told.status, 429, "nor the right one meanwhile");
}

#[tokio::test]
async fn logging_in_anew_ends_what_the_password_made_before() {
    let app = TestApp::with(&[("OAUTH2_PASSWORD_GRANT", "true")]).await;
    let program = registered(&app, AppKind::Confidential, Read).await;
    let first = program.token(&fields("max", PASSWORD)).await.text("access_token");
    let other = program.token(&fields("ada", PASSWORD)).await.text("access_token");
    let second = program.token(&fields("max", PASSWORD)).await.text("access_token");
    assert_eq!(verify(&app, "GET", &first).await.word(), "revoked");
    for token in [second, other] {
        assert_eq!(verify(&app, "GET", &token).await.status, 204);
    }
}
