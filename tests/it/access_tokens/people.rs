//! What people do with a key's tokens: look, end one or all, make one; and who may.

use appgrant::{
    domain::{permissions::Permissions, token_life::TokenLife},
    service::{
        access_tokens::{self, RulesChange},
        keys::{self, KeyError, MadeKey},
    },
};

use super::{Program, bind, come, connected, in_use, registered};
use crate::{admin::made, support::TestApp};

async fn story() -> (TestApp, MadeKey, Program) {
    let app = TestApp::with(&[("OAUTH2_PASSWORD_GRANT", "true")]).await;
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    let program = Program::of(&app, &key);
    (app, key, program)
}

#[tokio::test]
async fn one_token_is_ended_with_what_refreshes_it() {
    let (app, key, program) = story().await;
    let (access, refresh) = program.pair().await;
    let other = program.token(&[]).await;
    in_use(&app, &access).await;
    let max = app.caller("max").await;
    let listed = access_tokens::list(app.services(), &max, key.id, None, 1).await.unwrap();
    assert_eq!((listed.tokens.len(), listed.next), (1, Some(listed.tokens[0].id)));
    let rest = access_tokens::list(app.services(), &max, key.id, listed.next, 1).await.unwrap();
    assert_eq!((rest.tokens.len(), rest.next), (1, None));
    let id = rest.tokens[0].id;
    assert!(access.ends_with(&rest.tokens[0].ending) && rest.tokens[0].refreshes);

    let vera = app.caller("vera").await;
    let refused = access_tokens::revoke(app.services(), &vera, key.id, id).await;
    assert!(matches!(refused, Err(KeyError::NotAllowed)));
    let unknown = access_tokens::revoke(app.services(), &max, key.id, 999).await;
    assert!(matches!(unknown, Err(KeyError::Unknown)));
    assert!(access_tokens::revoke(app.services(), &max, key.id, id).await.unwrap());
    assert!(!access_tokens::revoke(app.services(), &max, key.id, id).await.unwrap());
    assert_eq!(come(&app, "GET", &access).await, "token_revoked");
    assert_eq!(come(&app, "GET", &other).await, "allowed");
    assert_eq!(&*program.refresh(&refresh).await.text("error"), "invalid_grant");
}

#[tokio::test]
async fn all_are_ended_at_once() {
    let (app, key, program) = story().await;
    let (access, refresh) = program.pair().await;
    let tokens = [access, program.token(&[]).await, program.token(&[]).await];
    for token in &tokens {
        in_use(&app, token).await;
    }
    let (max, vera) = (app.caller("max").await, app.caller("vera").await);
    let refused = access_tokens::revoke_all(app.services(), &vera, key.id).await;
    assert!(matches!(refused, Err(KeyError::NotAllowed)));
    access_tokens::revoke_all(app.services(), &max, key.id).await.unwrap();
    for token in &tokens {
        assert_eq!(come(&app, "GET", token).await, "token_revoked");
    }
    assert_eq!(&*program.refresh(&refresh).await.text("error"), "invalid_grant");
    let left = access_tokens::list(app.services(), &max, key.id, None, 10).await.unwrap();
    assert!(left.tokens.is_empty());
    let new = program.token(&[]).await;
    assert_eq!(come(&app, "GET", &new).await, "allowed", "the key goes on");
    let pair = crate::admin::come(&app, &key, "POST").await;
    assert_eq!(pair, "allowed");
}

#[tokio::test]
async fn regenerating_ends_the_others_and_gives_one() {
    let (app, key, program) = story().await;
    let old = program.token(&[]).await;
    in_use(&app, &old).await;
    let max = app.caller("max").await;
    let change = RulesChange {
        token_life: Some(TokenLife::of(600)),
        domains: Some("shop.example".to_owned()),
        ..RulesChange::default()
    };
    let issued =
        access_tokens::regenerate(app.services(), &max, key.id, Some(change)).await.unwrap();
    assert_eq!((issued.expires_in, issued.refresh.is_none()), (Some(600), true));
    assert_eq!(come(&app, "GET", &old).await, "token_revoked");
    let new = issued.access.expose();
    assert_eq!(come(&app, "GET", new).await, "domain_not_allowed");
    let said = super::bearer("POST", new).with("Origin", "https://shop.example").ask(&app).await;
    assert_eq!(said.word(), "allowed");

    let again = access_tokens::regenerate(app.services(), &max, key.id, None).await.unwrap();
    assert_eq!(again.expires_in, Some(600), "the rules stay");
    assert_eq!(come(&app, "GET", new).await, "token_revoked");
    let vera = app.caller("vera").await;
    let refused = access_tokens::regenerate(app.services(), &vera, key.id, None).await;
    assert!(matches!(refused, Err(KeyError::NotAllowed)));
    keys::revoke(app.services(), &max, key.id, "").await.unwrap();
    let over = access_tokens::regenerate(app.services(), &max, key.id, None).await;
    assert!(matches!(over, Err(KeyError::Over(_))));
}

#[tokio::test]
async fn a_token_made_for_a_connection_is_bound_to_its_app() {
    let (app, ..) = story().await;
    let one = registered(&app, "One").await;
    let (access, _) = connected(&app, &one).await;
    let said = super::bearer("GET", &access).ask(&app).await;
    let connection: i64 = said.header("x-appgrant-key-id").parse().unwrap();
    let max = app.caller("max").await;
    let issued = access_tokens::regenerate(app.services(), &max, connection, None).await.unwrap();
    let token = issued.access.expose();
    assert_eq!(come(&app, "GET", token).await, "allowed");
    assert_eq!(come(&app, "GET", &access).await, "token_revoked");
    let ada = app.caller("ada").await;
    keys::revoke(app.services(), &ada, one.key_id, "").await.unwrap();
    assert_eq!(come(&app, "GET", token).await, "revoked");
}

#[tokio::test]
async fn rules_are_narrowed_by_some_and_widened_by_fewer() {
    let app = TestApp::start().await;
    let received = crate::support::granted(&app, "read_write").await;
    let key_id = received.json()["key_id"].as_i64().unwrap();
    app.add_user("mia", appgrant::domain::user::Role::Manager).await;
    let services = app.services();
    let (max, mia) = (app.caller("max").await, app.caller("mia").await);
    let domains =
        |text: &str| RulesChange { domains: Some(text.to_owned()), ..RulesChange::default() };
    let strange = access_tokens::change_rules(services, &mia, key_id, domains("a.example")).await;
    assert!(matches!(strange, Err(KeyError::NotAllowed)));
    let rules = access_tokens::change_rules(services, &max, key_id, domains("a.example")).await;
    assert_eq!(rules.unwrap().domains.to_string(), "a.example");
    let same = access_tokens::change_rules(services, &max, key_id, RulesChange::default()).await;
    assert_eq!(same.unwrap().domains.to_string(), "a.example");
    for wrong in ["a b c/d", "http://x", "*.*", "a..b", "*"] {
        let wrong = access_tokens::change_rules(services, &max, key_id, domains(wrong)).await;
        assert!(matches!(wrong, Err(KeyError::Rule(_))));
    }
    app.services().verifier.changes.changed_here(services).await;
    bind(&app, key_id, domains("")).await;
    keys::revoke(services, &max, key_id, "").await.unwrap();
    let over = access_tokens::change_rules(services, &max, key_id, domains("b.example")).await;
    assert!(matches!(over, Err(KeyError::Over(_))));
}
