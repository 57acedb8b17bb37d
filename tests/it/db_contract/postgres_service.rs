//! The whole service on PostgreSQL, once through: approve, deliver, verify.

use crate::{
    approve::request,
    support::{Receiver, TestApp, postgres},
};

#[tokio::test]
async fn an_app_gets_a_key_that_works() {
    let Some(url) = postgres::migrated_database().await else {
        return;
    };
    let (app, receiver) = (TestApp::with(&[("DATABASE_URL", &url)]).await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    let answer = manager.approve(&page).await;
    assert_eq!(answer.location(), "http://app.example/return?x=1&success=1&user_id=123#frag");

    let received = receiver.received();
    assert_eq!(received.len(), 1);
    let identity = received[0].judged(app.services(), "GET").await.unwrap();
    assert_eq!((&*identity.owner.text(), &*identity.app.text()), ("max", "My App"));
    assert!(!app.folder.path().join("test.db").exists(), "nothing was written elsewhere");
    app.stop().await;
}
