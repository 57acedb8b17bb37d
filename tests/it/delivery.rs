//! A delivery that does not succeed at once: what people see, what is tried again, how it ends.

use std::time::Duration;

use crate::support::{
    Answer, Manager, Reaction, Receiver, TestApp, approve_in_vain, database, request,
};

const SUCCESS: &str = "http://app.example/return?success=1&user_id=123";
const FAILURE: &str = "http://app.example/return?success=0&user_id=123";

async fn press(manager: &Manager, path: &str, page: &Answer, button: &str) -> Answer {
    let action = if button == "wc-auth-retry" { "retry" } else { "cancel" };
    assert!(page.body.contains(button), "{}", page.body);
    let token = page.attribute(&format!("form[action$={action}] input[name=form_token]"), "value");
    manager.post(&format!("{path}/{action}"), &[("form_token", &token)]).await
}

/// Pushes the clock to each next attempt until that many callbacks have arrived.
async fn let_it_retry(app: &TestApp, receiver: &Receiver, seconds: u64, count: usize) {
    app.clock.advance(Duration::from_secs(seconds));
    app.services().signals.wake_worker();
    receiver.wait_for(count).await;
}

#[tokio::test]
async fn a_failed_attempt_is_explained_and_can_be_retried() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::Status(500)]);
    let manager = app.logged_in("max").await;
    let (path, page) = approve_in_vain(&manager, &receiver.url()).await;
    assert_eq!((page.status, page.text("h1").as_str()), (200, "Connecting My App"));
    let host = receiver.host();
    let timeline = page.text("ol.timeline");
    assert!(
        timeline.contains(&format!(
            "{host} answered that it could not take the keys (HTTP status 500)."
        )),
        "{timeline}"
    );
    assert!(timeline.contains("with status 500") && timeline.contains("Attempt 1"), "{timeline}");
    assert!(!page.body.contains("the app says something"), "the app’s answer is never shown");
    assert!(page.text("p[role=status]").contains("The next attempt is in"), "{}", page.body);
    assert!((2..=15).contains(&page.header("refresh").parse::<u64>().unwrap()));

    press(&manager, &path, &page, "wc-auth-retry").await;
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body, "the same keys on every attempt");
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    assert_eq!(manager.get(&path).await.location(), SUCCESS);
    assert!(received[0].judged(app.services(), "GET").await.is_ok());
}

#[tokio::test]
async fn retries_come_by_themselves_and_end_after_five() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will((0..5).map(|_| Reaction::Status(503)));
    let manager = app.logged_in("max").await;
    let (path, _) = approve_in_vain(&manager, &receiver.url()).await;
    let key = receiver.received().remove(0);
    for (count, seconds) in [(2, 5), (3, 30), (4, 120), (5, 600)] {
        assert!(
            key.judged(app.services(), "GET").await.is_ok(),
            "works while the delivery is under way"
        );
        let_it_retry(&app, &receiver, seconds, count).await;
        wait_for_page(&manager, &path, |page| {
            page.text("ol.timeline").contains(&format!("Attempt {count}"))
                && !page.body.contains("Handing the keys")
        })
        .await;
    }
    let page = manager.get(&path).await;
    assert_eq!(page.text("h1"), "My App was not connected");
    assert_eq!(page.attribute("a.button", "href"), FAILURE);
    assert!(!page.body.contains("wc-auth-retry") && page.header("refresh").is_empty());
    assert_eq!(key.judged(app.services(), "GET").await.unwrap_err().reason(), "revoked");
    app.clock.advance(Duration::from_hours(1));
    app.services().signals.wake_worker();
    assert_eq!(receiver.received().len(), 5, "never again");
}

async fn wait_for_page(manager: &Manager, path: &str, fits: impl Fn(&Answer) -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let page = manager.get(path).await;
        if fits(&page) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{}", page.body);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn cancelling_ends_the_key_for_good() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::Status(500)]);
    let manager = app.logged_in("max").await;
    let (path, page) = approve_in_vain(&manager, &receiver.url()).await;
    press(&manager, &path, &page, "wc-auth-cancel").await;
    let page = manager.get(&path).await;
    assert_eq!(page.text("h1"), "My App was not connected");
    assert!(page.text("main").contains("You cancelled this."));
    assert_eq!(page.attribute("a.button", "href"), FAILURE);
    let key = receiver.received().remove(0);
    assert_eq!(key.judged(app.services(), "GET").await.unwrap_err().reason(), "revoked");
    app.clock.advance(Duration::from_mins(1));
    app.services().signals.wake_worker();
    let fresh = manager.consent(&request(&receiver.url())).await;
    assert_eq!(manager.approve(&fresh).await.location(), SUCCESS, "and it can be asked anew");
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn cancelling_an_attempt_under_way_wins_over_its_answer() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::Held(500), Reaction::Held(200)]);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver.url())).await;
    let pressing = tokio::spawn({
        let manager = manager.clone();
        async move { manager.approve(&page).await }
    });
    receiver.wait_for(1).await;
    receiver.let_go();
    let path = pressing.await.unwrap().location().to_owned();
    let waiting = manager.get(&path).await;
    let retrying = tokio::spawn({
        let (manager, path) = (manager.clone(), path.clone());
        async move { press(&manager, &path, &waiting, "wc-auth-retry").await }
    });
    receiver.wait_for(2).await;
    let under_way = manager.get(&path).await;
    assert!(
        under_way.body.contains("Handing the keys") && !under_way.body.contains("wc-auth-retry")
    );
    press(&manager, &path, &under_way, "wc-auth-cancel").await;
    receiver.let_go();
    retrying.await.unwrap();
    assert!(manager.get(&path).await.text("main").contains("You cancelled this."));
    let key = receiver.received().remove(0);
    assert_eq!(key.judged(app.services(), "GET").await.unwrap_err().reason(), "revoked");
}

/// The key file was exchanged while the keys were on their way: that is not the app's fault.
#[tokio::test]
async fn an_app_that_was_never_asked_is_not_blamed() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    receiver.will([Reaction::Status(500)]);
    let (path, page) = approve_in_vain(&manager, &receiver.url()).await;
    let spoilt = database::bytes(&"00".repeat(64));
    assert_eq!(app.alter(&format!("UPDATE deliveries SET sealed = {spoilt}")).await, 1);
    assert_eq!(app.alter("DELETE FROM delivery_attempts").await, 1);
    press(&manager, &path, &page, "wc-auth-retry").await;
    let page = manager.get(&path).await;
    assert!(page.text("main").contains("could not be handed over, so"), "{}", page.body);
    assert!(page.text("ol.timeline").contains("The store’s key file changed"));
}

#[tokio::test]
async fn any_2xx_is_success_and_nothing_else() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    for (round, status) in [200, 201, 202, 204, 299].into_iter().enumerate() {
        receiver.will([Reaction::Status(status)]);
        let page = manager.consent(&format!("{}&state={round}", request(&receiver.url()))).await;
        assert!(manager.approve(&page).await.location().starts_with(SUCCESS), "{status}");
    }
    for status in [304, 400, 401, 404, 410, 429, 500, 502] {
        receiver.will([Reaction::Status(status)]);
        let (_, page) = approve_in_vain(&app.logged_in("max").await, &receiver.url()).await;
        assert!(page.text("ol.timeline").contains(&format!("with status {status}")), "{status}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (app, receiver, other) =
        (TestApp::start().await, Receiver::start().await, Receiver::start().await);
    receiver.will([Reaction::Redirect(other.url())]);
    let (_, page) = approve_in_vain(&app.logged_in("max").await, &receiver.url()).await;
    let timeline = page.text("ol.timeline");
    assert!(timeline.contains("answered with a redirect (HTTP status 302)"), "{timeline}");
    assert!(other.received().is_empty());
}

#[tokio::test]
async fn a_connection_is_shown_to_who_approved_it_only() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::Status(500)]);
    let manager = app.logged_in("max").await;
    let (path, page) = approve_in_vain(&manager, &receiver.url()).await;
    let other = app.logged_in("ada").await;
    assert_eq!(other.get(&path).await.status, 404);
    let token = other.get("/admin").await.attribute("input[name=form_token]", "value");
    for action in ["retry", "cancel"] {
        let own_token = other.post(&format!("{path}/{action}"), &[("form_token", &token)]).await;
        assert_eq!(other.get(own_token.location()).await.status, 404);
        assert_eq!(
            manager.post(&format!("{path}/{action}"), &[("form_token", &token)]).await.status,
            403
        );
        assert_eq!(manager.get(&format!("{path}/{action}")).await.status, 404);
    }
    assert_eq!(app.browser().get(&path).await.location(), format!("{}/login", app.url));
    for nonsense in ["nonsense", "%00", "%FF", "..%2F", "00000000-0000-7000-8000-000000000000"] {
        assert_eq!(manager.get(&format!("/connections/{nonsense}")).await.status, 404);
    }
    assert_eq!(receiver.received().len(), 1, "nobody retried");
    press(&manager, &path, &page, "wc-auth-retry").await;
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn going_back_while_it_is_under_way_leads_to_it() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::Status(500)]);
    let manager = app.logged_in("max").await;
    let (path, _) = approve_in_vain(&manager, &receiver.url()).await;
    let back = manager.get(&format!("/wc-auth/v1/authorize?{}", request(&receiver.url()))).await;
    assert_eq!((back.status, back.location()), (303, path.as_str()));
}

#[tokio::test]
async fn stopping_the_service_lets_the_delivery_finish() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::After(Duration::from_millis(500))]);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver.url())).await;
    let pressing = tokio::spawn(async move { manager.approve(&page).await });
    receiver.wait_for(1).await;
    app.stop().await;
    assert_eq!(pressing.await.unwrap().location(), SUCCESS);
}
