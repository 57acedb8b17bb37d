//! Users: made, changed, and what becomes of keys when one leaves.

use appgrant::domain::permissions::Permissions;

use super::{come, led_to, made, send};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn an_admin_makes_and_changes_a_user() {
    let app = TestApp::start().await;
    let ada = app.logged_in("ada").await;
    let filled = [
        ("login", "Eve"),
        ("name", "Eve <E>"),
        ("email", "eve@shop.example"),
        ("role", "viewer"),
        ("password", "a long password"),
    ];
    let done = send(&ada, "/admin/users/new", &filled).await;
    let path = led_to(&app, &done);
    let page = ada.get(&path).await;
    assert_eq!(page.text("h1"), "Eve <E>");
    for (field, value) in
        [("login", "a b"), ("login", "eve"), ("email", "nowhere"), ("password", "short")]
    {
        let mut wrong = filled.to_vec();
        wrong[0].1 = "eve2";
        wrong[2].1 = "";
        wrong.push((field, value));
        let again = send(&ada, "/admin/users/new", &wrong).await;
        assert_eq!(again.status, 422, "{field} {value}");
        assert_eq!(again.attribute("#name", "value"), "Eve <E>", "{field} {value}");
        assert!(!again.body.contains("a long password"));
    }
    let user = path.split('?').next().unwrap();
    let change = [("name", "Eve"), ("email", ""), ("role", "manager")];
    let done = send(&ada, user, &change).await;
    assert_eq!(led_to(&app, &done), format!("{user}?done=user_changed"));
    assert_eq!(app.user("eve").await.role, appgrant::domain::user::Role::Manager);
    let taken = send(&ada, user, &[("name", "Eve"), ("email", "max@shop.example")]).await;
    assert_eq!((taken.status, taken.text(".field-wrong").contains("somebody else")), (422, true));

    let done = send(&ada, &format!("{user}/password"), &[("password", "another long one")]).await;
    assert_eq!(done.status, 303);
    let eve = app.browser();
    let fields = [("username", "eve"), ("password", "another long one")];
    assert!(eve.post("/login", &fields).await.location().ends_with("/admin"));
}

#[tokio::test]
async fn a_form_that_was_open_while_somebody_was_demoted_raises_nobody() {
    let app = TestApp::start().await;
    let ada = app.logged_in("ada").await;
    let path = format!("/admin/users/{}", app.user("max").await.id);
    let form = ada.get(&path).await;
    let mut stale = form.fields("form[action*=users]");
    assert_eq!(stale["role_was"], "manager");
    let demoted = [("name", "Max"), ("role", "viewer"), ("role_was", "manager")];
    assert_eq!(send(&ada, &path, &demoted).await.status, 303);
    for (name, value) in [("name", "Max M."), ("email", "nowhere"), ("role", "manager")] {
        stale.insert(name.to_owned(), value.to_owned());
    }
    let wrong = ada.press(&path, &stale).await;
    assert_eq!(wrong.status, 422);
    let mut again = wrong.fields("form[action*=users]");
    again.extend([("name", "Max M."), ("role", "manager")].map(|(k, v)| (k.into(), v.into())));
    assert_eq!(ada.press(&path, &again).await.status, 303);
    let max = app.user("max").await;
    assert_eq!((max.name.as_str(), max.role), ("Max M.", appgrant::domain::user::Role::Viewer));
    let raised = [("name", "Max"), ("role", "manager"), ("role_was", "viewer")];
    assert_eq!(send(&ada, &path, &raised).await.status, 303);
    assert_eq!(app.user("max").await.role, appgrant::domain::user::Role::Manager);
}

#[tokio::test]
async fn what_is_wrong_with_a_form_is_shown_to_admins_alone() {
    let app = TestApp::start().await;
    made(&app, "ada", "Till", Permissions::Read).await;
    let vera = app.logged_in("vera").await;
    let path = format!("/admin/users/{}", app.user("ada").await.id);
    for way in ["disable", "delete"] {
        for fate in ["", "reassign", "eaten", "revoke"] {
            let answer = send(&vera, &format!("{path}/{way}"), &[("fate", fate)]).await;
            assert_eq!(answer.status, 403, "{way} {fate}");
            assert!(!answer.body.contains("1 key"), "{way} {fate}");
        }
    }
}

#[tokio::test]
async fn disabling_asks_what_becomes_of_the_keys() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    let (ada, max) = (app.logged_in("ada").await, app.logged_in("max").await);
    let path = format!("/admin/users/{}", app.user("max").await.id);
    let asked = ada.get(&format!("{path}/disable")).await;
    assert!(asked.text("legend").contains("1 key"), "{}", asked.body);
    let silent = send(&ada, &format!("{path}/disable"), &[]).await;
    assert_eq!(silent.status, 422);
    assert_eq!(max.get("/admin").await.status, 200, "nothing happened");
    let nobody = send(&ada, &format!("{path}/disable"), &[("fate", "reassign")]).await;
    assert_eq!((nobody.status, nobody.text(".field-wrong").is_empty()), (422, false));

    let done = send(&ada, &format!("{path}/disable"), &[("fate", "pause")]).await;
    assert_eq!(led_to(&app, &done), format!("{path}?done=user_disabled"));
    assert!(max.get("/admin").await.location().ends_with("/login"), "logged out");
    assert_ne!(come(&app, &key, "GET").await, "allowed");
    assert!(ada.get("/admin/keys/1").await.text("main").contains("stands still"));
    let done = send(&ada, &format!("{path}/enable"), &[]).await;
    assert_eq!(led_to(&app, &done), format!("{path}?done=user_enabled"));
    assert_eq!(come(&app, &key, "GET").await, "allowed");
}

#[tokio::test]
async fn deleting_gives_the_keys_away_or_ends_them() {
    let app = TestApp::start().await;
    app.add_user("mia", appgrant::domain::user::Role::Manager).await;
    let kept = made(&app, "max", "Kept", Permissions::Read).await;
    let ended = made(&app, "mia", "Ended", Permissions::Read).await;
    let ada = app.logged_in("ada").await;
    let vera = app.user("vera").await.id.to_string();
    let path = format!("/admin/users/{}/delete", app.user("max").await.id);
    assert_eq!(send(&ada, &path, &[("fate", "pause")]).await.status, 422, "not for deleting");
    let heir = [("fate", "reassign"), ("heir", vera.as_str())];
    assert_eq!(led_to(&app, &send(&ada, &path, &heir).await), "/admin/users?done=user_deleted");
    assert_eq!(come(&app, &kept, "GET").await, "allowed");
    assert!(ada.get("/admin/keys/1").await.text(".facts").contains("Vera"));
    let path = format!("/admin/users/{}/delete", app.user("mia").await.id);
    assert_eq!(send(&ada, &path, &[("fate", "revoke")]).await.status, 303);
    assert_eq!(come(&app, &ended, "GET").await, "revoked");
    assert_eq!(ada.get("/admin/users").await.texts("tbody tr").len(), 2);
}

#[tokio::test]
async fn nobody_shuts_himself_or_the_last_admin_out() {
    let app = TestApp::start().await;
    let ada = app.logged_in("ada").await;
    let path = format!("/admin/users/{}", app.user("ada").await.id);
    for way in ["disable", "delete"] {
        let answer = send(&ada, &format!("{path}/{way}"), &[("fate", "revoke")]).await;
        assert_eq!(answer.status, 403, "{way}");
    }
    let demoted = send(&ada, &path, &[("name", "Ada"), ("role", "viewer")]).await;
    assert_eq!((demoted.status, demoted.text(".field-wrong").contains("last admin")), (422, true));
    let page = ada.get(&path).await;
    assert!(!page.body.contains("/delete") && page.text("main").contains("This is you"));
    let fields = [("username", "ada"), ("password", PASSWORD)];
    assert!(app.browser().post("/login", &fields).await.location().ends_with("/admin"));
}
