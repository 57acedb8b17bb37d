//! Where a token may come from, and what must not stand beside it.

use appgrant::{domain::permissions::Permissions, service::access_tokens::RulesChange};

use super::{ORDERS, Program, bearer, bind};
use crate::{
    admin::made,
    support::{Question, TestApp},
};

#[tokio::test]
async fn a_token_stands_alone() {
    let app = TestApp::with(&[("OAUTH1", "true")]).await;
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    let program = Program::of(&app, &key);
    let (one, two) = (program.token(&[]).await, program.token(&[]).await);
    let pair = format!("{ORDERS}?consumer_key={}&consumer_secret={}", program.id, program.secret);
    let half = format!("{ORDERS}?consumer_key={}", program.id);
    let signed = format!("{ORDERS}?oauth_consumer_key={}&oauth_signature=x", program.id);
    let with =
        |uri: &str| Question::forwarded("GET", uri).with("Authorization", &format!("Bearer {one}"));
    let twice = |name: &str, value: &str| bearer("GET", &one).with(name, value);
    for (question, what) in [
        (with(&pair), "a pair in the query"),
        (with(&half), "half a pair in the query"),
        (with(&signed), "a signature"),
        (twice("X-AccessToken", &two), "another token"),
        (twice("X-AccessToken", &one), "the same token"),
        (twice("Authorization", &format!("Bearer {two}")), "another header"),
        (twice("X-AccessToken", ""), "an empty header"),
        (
            Question::forwarded("GET", ORDERS)
                .with("X-AccessToken", &one)
                .with("X-AccessToken", &two),
            "two X-AccessToken",
        ),
        (
            Question::forwarded("GET", ORDERS)
                .basic(&program.id, &program.secret)
                .with("X-AccessToken", &one),
            "Basic and X-AccessToken",
        ),
    ] {
        let said = question.ask(&app).await;
        assert_eq!((said.status, said.word()), (401, "ambiguous_credentials"), "{what}");
    }
    let said = twice("X-AccessToken", &two).ask(&app).await;
    assert!(said.header("www-authenticate").contains("invalid_request"));
    assert_eq!(bearer("GET", &one).ask(&app).await.word(), "allowed", "alone it is good");
}

#[tokio::test]
async fn what_is_no_token_of_ours_opens_nothing() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    let token = Program::of(&app, &key).token(&[]).await;
    let other = format!("agat_{}", "A".repeat(43));
    let refresh = format!("agrt_{}", "A".repeat(43));
    for (header, status, word) in [
        (format!("Bearer {other}"), 401, "unknown_token"),
        (format!("Bearer {token}x"), 401, "unknown_token"),
        (format!("Bearer {}", &token[..47]), 401, "unknown_token"),
        (format!("Bearer {}", token.to_uppercase()), 401, "no_credentials"),
        ("Bearer agat_".to_owned(), 401, "unknown_token"),
        (format!("Bearer agat_{}", "x".repeat(7_000)), 401, "unknown_token"),
        // Not ours, so perhaps the store's: as if it were not there.
        (format!("Bearer {refresh}"), 401, "no_credentials"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.e30.x".to_owned(), 401, "no_credentials"),
        ("Bearer".to_owned(), 401, "no_credentials"),
        (token.clone(), 401, "no_credentials"),
        (format!("Basic {token}"), 401, "no_credentials"),
        (format!("bEaReR   {token}  "), 204, "allowed"),
    ] {
        let question = Question::forwarded("GET", ORDERS).with("Authorization", &header);
        let said = question.ask(&app).await;
        assert_eq!((said.status, said.word()), (status, word), "{header:.60}");
        let is_ours = header.contains("agat_") && header.starts_with("Bearer ");
        let challenge = said.header("www-authenticate");
        assert_eq!(challenge.contains("invalid_token"), is_ours && status == 401, "{header:.60}");
    }
    for (value, word) in [(refresh.as_str(), "unknown_token"), ("x", "unknown_token")] {
        let question = Question::forwarded("GET", ORDERS).with("X-AccessToken", value);
        assert_eq!(question.ask(&app).await.word(), word, "{value}");
    }
    let elsewhere = Question::forwarded("GET", "/wp-json/wp/v2/users");
    let elsewhere = elsewhere.with("Authorization", &format!("Bearer {token}"));
    assert_eq!(elsewhere.ask(&app).await.word(), "path_not_covered");
    let plain = bearer("GET", &token).without("X-Forwarded-Proto");
    assert_eq!(plain.ask(&app).await.word(), "plain_http");
}

#[tokio::test]
async fn a_page_of_another_domain_gets_nothing() {
    let app = TestApp::with(&[("CLIENT_DOMAIN_HEADER", "X-Client-Domain")]).await;
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    let program = Program::of(&app, &key);
    let token = program.token(&[]).await;
    let domains = Some("shop.example, *.apps.example".to_owned());
    bind(&app, key.id, RulesChange { domains, ..RulesChange::default() }).await;
    for (headers, word) in [
        (&[][..], "domain_not_allowed"),
        (&[("Origin", "https://shop.example")], "allowed"),
        (&[("Origin", "https://SHOP.example:8443")], "allowed"),
        (&[("Origin", "https://a.b.apps.example")], "allowed"),
        (&[("Origin", "https://apps.example")], "domain_not_allowed"),
        (&[("Origin", "https://evilapps.example")], "domain_not_allowed"),
        (&[("Origin", "https://shop.example.evil.example")], "domain_not_allowed"),
        (&[("Origin", "https://evil.example/shop.example")], "domain_not_allowed"),
        (&[("Origin", "https://shop.example@evil.example")], "domain_not_allowed"),
        (&[("Origin", "null")], "domain_not_allowed"),
        (&[("Origin", "")], "domain_not_allowed"),
        (&[("Referer", "https://shop.example/page?x=1")], "allowed"),
        (&[("Referer", "https://evil.example/?https://shop.example")], "domain_not_allowed"),
        (&[("X-Client-Domain", "shop.example")], "allowed"),
        (&[("X-Client-Domain", "other.example")], "domain_not_allowed"),
        // The first that says something decides.
        (
            &[("Origin", "https://evil.example"), ("Referer", "https://shop.example/")],
            "domain_not_allowed",
        ),
        (
            &[("Referer", "https://evil.example/"), ("X-Client-Domain", "shop.example")],
            "domain_not_allowed",
        ),
        (
            &[("Origin", "https://shop.example"), ("Origin", "https://evil.example")],
            "domain_not_allowed",
        ),
    ] {
        let by_token = bearer("GET", &token);
        let by_pair = Question::forwarded("GET", ORDERS).basic(&program.id, &program.secret);
        for question in [by_token, by_pair] {
            let add = |question: Question, (name, value): &(&str, &str)| question.with(name, value);
            let said = headers.iter().fold(question, add).ask(&app).await;
            let status = if word == "allowed" { 204 } else { 403 };
            assert_eq!((said.status, said.word()), (status, word), "{headers:?}");
        }
    }
    bind(&app, key.id, RulesChange { domains: Some("ALL".to_owned()), ..Default::default() }).await;
    assert_eq!(bearer("GET", &token).ask(&app).await.word(), "allowed");
}

#[tokio::test]
async fn without_the_setting_no_other_header_is_believed() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    let token = Program::of(&app, &key).token(&[]).await;
    let domains = Some("shop.example".to_owned());
    bind(&app, key.id, RulesChange { domains, ..RulesChange::default() }).await;
    let said = bearer("GET", &token).with("X-Client-Domain", "shop.example").ask(&app).await;
    assert_eq!(said.word(), "domain_not_allowed");
}

#[tokio::test]
async fn another_network_gets_nothing() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    let program = Program::of(&app, &key);
    let token = program.token(&[]).await;
    let networks = Some("203.0.113.0/24 2001:db8::/32".to_owned());
    bind(&app, key.id, RulesChange { networks, ..RulesChange::default() }).await;
    for (address, word) in [
        ("203.0.113.7", "allowed"),
        ("::ffff:203.0.113.7", "allowed"),
        ("2001:db8::1", "allowed"),
        ("203.0.114.7", "network_not_allowed"),
        ("2001:db9::1", "network_not_allowed"),
        ("nonsense", "network_not_allowed"),
    ] {
        let by_pair = Question::forwarded("GET", ORDERS).basic(&program.id, &program.secret);
        for question in [bearer("GET", &token), by_pair] {
            let said = question.with("X-Forwarded-For", address).ask(&app).await;
            let status = if word == "allowed" { 204 } else { 403 };
            assert_eq!((said.status, said.word()), (status, word), "{address}");
        }
    }
    let told = program.ask(&[("grant_type", "client_credentials")]).await;
    assert_eq!((told.status, &*told.text("error")), (401, "invalid_client"), "nor any token");
    let networks = Some(String::new());
    bind(&app, key.id, RulesChange { networks, ..RulesChange::default() }).await;
    assert_eq!(bearer("GET", &token).ask(&app).await.word(), "allowed");
}
