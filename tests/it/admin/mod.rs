//! The screens under `/admin`, as store managers use them over HTTP.

mod account;
mod audit;
mod finding;
mod hostile;
mod making;
mod overview;
mod people;
mod registered_apps;
mod rules;
mod tokens;

use appgrant::{
    domain::permissions::Permissions,
    service::keys::{self, MadeKey, NewKeyRequest},
};

use crate::support::{Answer, Manager, Question, TestApp};

/// Posts a form as its page would: with the session's token.
pub async fn send(browser: &Manager, path: &str, fields: &[(&str, &str)]) -> Answer {
    let token = browser.get("/admin").await.attribute("input[name=form_token]", "value");
    let mut all = vec![("form_token", token.as_str())];
    all.extend(fields);
    browser.post(path, &all).await
}

/// Presses the button of a page's form, with these fields filled in.
pub async fn press(browser: &Manager, page: &Answer, filled: &[(&str, &str)]) -> Answer {
    let mut fields = page.fields("main form");
    fields.extend(filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    browser.press(&page.attribute("main form", "action"), &fields).await
}

/// Where a form's redirect leads, as a path.
pub fn led_to(app: &TestApp, answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().strip_prefix(&app.url).unwrap().to_owned()
}

/// A key made by hand for that user.
pub async fn made(app: &TestApp, login: &str, what: &str, permissions: Permissions) -> MadeKey {
    let request = NewKeyRequest {
        owner_id: app.user(login).await.id,
        description: what.to_owned(),
        permissions,
        expires_at: None,
    };
    let admin = app.caller("ada").await;
    keys::create(app.services(), &admin, request).await.unwrap()
}

/// Comes to the store's API with a key; the word of the answer.
pub async fn come(app: &TestApp, key: &MadeKey, method: &str) -> String {
    let (key, secret) = (key.credential.key.as_str(), key.credential.secret.expose());
    let said =
        Question::forwarded(method, "/wp-json/wc/v3/orders").basic(key, secret).ask(app).await;
    said.word().to_owned()
}

/// Waits until the last uses are written down.
pub async fn uses_are_noted(app: &TestApp, id: i64) {
    for _ in 0..200 {
        let key = keys::show(app.services(), &app.caller("ada").await, id).await.unwrap();
        if key.last_use.is_some() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the use of key {id} was not noted");
}
