//! Guessing at keys and activations is turned away, and locks nobody out who has a license.

use std::time::Duration;

use appgrant::domain::licenses::LicenseDraft;

use super::program::{Program, Told, customer};
use crate::support::TestApp;

/// Asks wrongly until it is turned away, at most that often.
async fn guess(most: usize, ask: impl AsyncFn(usize) -> Told) -> Option<Told> {
    for number in 0..most {
        let told = ask(number).await;
        if told.status == 429 {
            return Some(told);
        }
        assert_eq!(told.status, 200, "{}", told.body);
    }
    None
}

#[tokio::test]
async fn who_guesses_at_keys_is_turned_away_for_a_while() {
    let app = TestApp::start().await;
    let customer_here = customer(&app, LicenseDraft::default()).await;
    let known = customer_here.activate("shop.example").await;
    let stranger = customer(&app, LicenseDraft::default()).await;
    let ask = async |number: usize| {
        let key = format!("abcdef-{number}");
        let guesser = Program { key, ..stranger.clone() };
        guesser.ask("activate", &[("domain", "a.example")]).await
    };
    let told = guess(30, ask).await.expect("it is turned away");
    let seconds: u64 = told.answer.header("retry-after").parse().unwrap();
    assert!((1..=4).contains(&seconds), "{seconds}");
    assert!(told.answer.header("content-type").starts_with("text/plain"));
    assert!(serde_json::from_str::<serde_json::Value>(&told.answer.body).is_err(), "no verdict");
    let told = stranger.ask("activate", &[("domain", "a.example")]).await;
    assert_eq!(told.status, 429, "a right key is not told from a wrong one meanwhile");
    let told = customer_here.validate("shop.example", known).await;
    assert_eq!(told.activation(), known, "who asked rightly before goes on");
    app.clock.advance(Duration::from_mins(2));
    stranger.activate("a.example").await;
}

#[tokio::test]
async fn who_guesses_at_activations_is_turned_away_from_that_license() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let ask = async |number: usize| {
        program.validate("a.example", 1_700_000_000 + i64::try_from(number).unwrap()).await
    };
    assert!(guess(30, ask).await.is_some());
}

#[tokio::test]
async fn one_license_does_not_fill_the_database_with_tokens() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let told = guess(250, async |_| program.ask_token().await).await.expect("it is turned away");
    assert_eq!(told.answer.header("retry-after"), "1");
    let other = customer(&app, LicenseDraft::default()).await;
    assert_eq!(other.ask_token().await.status, 200);
}

#[tokio::test]
async fn mistakes_of_a_program_are_no_guesses() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let told = guess(60, async |_| program.ask("activate", &[("sku", "")]).await).await;
    assert!(told.is_none());
    let told = guess(60, async |_| program.ask("activate", &[("store_code", "x")]).await).await;
    assert!(told.is_none());
}
