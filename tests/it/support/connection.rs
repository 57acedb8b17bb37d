//! A connection that does not come about at once.

use super::{Answer, Manager, query};

/// A request whose keys go there.
pub fn request(callback_url: &str) -> String {
    query(&[
        ("app_name", "My App"),
        ("user_id", "123"),
        ("return_url", "http://app.example/return"),
        ("callback_url", callback_url),
        ("scope", "read"),
    ])
}

/// Approves and follows to the page of the connection under way.
pub async fn approve_in_vain(manager: &Manager, callback_url: &str) -> (String, Answer) {
    let page = manager.consent(&request(callback_url)).await;
    let answer = manager.approve(&page).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let path = answer.location().to_owned();
    assert!(path.contains("/connections/"), "{path}");
    let page = manager.get(&path).await;
    (path, page)
}
