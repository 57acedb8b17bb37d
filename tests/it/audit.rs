//! The audit log of a running service: each security event leaves its row, with who, from where and in
//! which request; nobody changes it unseen; no secret is in it.

use std::{collections::BTreeSet, fmt::Write, time::Duration};

use appgrant::{
    domain::{audit::Event, key_view::ShownState, permissions::Permissions, user::Role},
    service::{
        self, access_tokens,
        audit::{self, Broken, Row},
        caller::Caller,
        keys::{self, KeyChange, NewKeyRequest},
        oauth2::{self, AppKind},
        setup, signing, tokens,
        users::{self, KeysFate, NewUserRequest, PasswordChange, UserChange},
    },
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    api::Program,
    import,
    licenses::seller,
    oauth2::program::{key, registered},
    support::{PASSWORD, Reaction, Receiver, TestApp, approve_in_vain, database, request},
};

/// The log as somebody reads it who remembers where it ended.
struct Log<'a> {
    app: &'a TestApp,
    read: i64,
    seen: BTreeSet<String>,
    texts: String,
}

impl<'a> Log<'a> {
    async fn of(app: &'a TestApp) -> Self {
        let mut log = Self { app, read: 0, seen: BTreeSet::new(), texts: String::new() };
        log.news().await;
        log
    }

    async fn news(&mut self) -> Vec<Row> {
        let rows = audit::after(self.app.services(), self.read).await.unwrap();
        for row in &rows {
            self.read = row.seq;
            self.seen.insert(row.event.clone());
            write!(self.texts, "{row:?}").unwrap();
        }
        rows
    }

    /// What came since: event, outcome, actor, object; and `web` if address and request are known.
    async fn shows(&mut self, expected: &[&str]) {
        let mut found: Vec<_> = self.news().await.iter().map(told).collect();
        found.sort();
        assert_eq!(found, expected);
    }
}

fn told(row: &Row) -> String {
    let web = match (&row.address, &row.request_id) {
        (Some(address), Some(id)) if address == "127.0.0.1" && id.len() > 8 => "web",
        (None, None) => "inside",
        other => panic!("half known: {other:?}"),
    };
    let Row { event, outcome, actor, object_kind, object_id, .. } = row;
    let object_id = if object_id.len() > 8 { "…" } else { object_id };
    format!("{event} {outcome} {actor} {object_kind}:{object_id} {web}")
}

/// That user, in a request that came over the network.
async fn over_the_web(app: &TestApp, login: &str) -> Caller {
    Caller {
        address: Some([127, 0, 0, 1].into()),
        request_id: Some("a request’s id".to_owned()),
        ..app.caller(login).await
    }
}

/// Events of what other tests make happen: rotation of keys, and warnings.
const ELSEWHERE: [Event; 3] = [Event::KeyRotated, Event::OldSecretEnded, Event::KeyExpiring];

#[tokio::test]
async fn every_security_event_leaves_its_row() {
    let app = TestApp::with(&[("LICENSE_KEYS", "readable")]).await;
    let (max, vera) = (app.user("max").await.id, app.user("vera").await.id);
    let mut log = Log::of(&app).await;
    sessions(&app, &mut log, max).await;
    flow(&app, &mut log).await;
    failing_deliveries(&app, &mut log).await;
    people(&app, &mut log, (max, vera)).await;
    looked_after(&app, &mut log, (max, vera)).await;
    access_tokens_and_apps(&app, &mut log).await;
    license_keys(&app, &mut log).await;
    let expected: BTreeSet<_> = Event::ALL
        .iter()
        .filter(|event| !ELSEWHERE.contains(event))
        .map(|event| event.as_str().to_owned())
        .collect();
    let missing: Vec<_> = expected.difference(&log.seen).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
    for hidden in [PASSWORD, "argon2", "cs_", "another horse", "agat_", "agrt_", "agac_"] {
        assert!(!log.texts.contains(hidden), "{hidden} stands in the log");
    }
    let keys = log.texts.split("ck_").skip(1);
    let is_key = |rest: &str| rest.chars().take(8).all(|c| c.is_ascii_hexdigit());
    assert!(!keys.clone().any(is_key) && keys.count() > 0, "callback_host is no key");
    assert!(audit::verify(app.services(), None).await.unwrap().is_ok());
}

async fn sessions(app: &TestApp, log: &mut Log<'_>, max: i64) {
    let browser = app.browser();
    for (login, password) in [("max", "wrong horse"), (PASSWORD, "max")] {
        browser.post("/login", &[("username", login), ("password", password)]).await;
    }
    log.shows(&[
        "session.refused refused nobody session: web",
        &format!("session.refused refused nobody session:{max} web"),
    ])
    .await;
    browser.post("/login", &[("username", "max"), ("password", PASSWORD)]).await;
    log.shows(&[&format!("session.begun done max session:{max} web")]).await;
    let fields = browser.get("/admin").await.fields("form.inline");
    browser.press("/logout", &fields).await;
    log.shows(&[&format!("session.ended done max session:{max} web")]).await;
}

async fn flow(app: &TestApp, log: &mut Log<'_>) {
    let receiver = Receiver::start().await;
    let manager = app.logged_in("max").await;
    log.news().await;
    manager.deny(&manager.consent(&request(&receiver.url())).await).await;
    log.shows(&["grant.denied done max grant: web"]).await;
    let answer = manager.approve(&manager.consent(&request(&receiver.url())).await).await;
    assert!(answer.location().contains("success=1"), "{}", answer.location());
    log.shows(&[
        "delivery.delivered done system delivery:… inside",
        "grant.approved done max grant:… web",
    ])
    .await;
}

async fn failing_deliveries(app: &TestApp, log: &mut Log<'_>) {
    let receiver = Receiver::start().await;
    receiver.will((0..9).map(|_| Reaction::Status(500)));
    let manager = app.logged_in("max").await;
    let (path, page) = approve_in_vain(&manager, &receiver.url()).await;
    log.news().await;
    for action in ["retry", "cancel"] {
        let token =
            page.attribute(&format!("form[action$={action}] input[name=form_token]"), "value");
        manager.post(&format!("{path}/{action}"), &[("form_token", &token)]).await;
        receiver.wait_for(2).await;
        let expected = match action {
            "retry" => &["delivery.retried done max grant:… web"][..],
            _ => &["delivery.cancelled done max grant:… web", "key.revoked done max key:2 web"],
        };
        log.shows(expected).await;
    }
    let receiver = Receiver::start().await;
    receiver.will((0..9).map(|_| Reaction::Status(500)));
    approve_in_vain(&manager, &receiver.url()).await;
    log.news().await;
    app.clock.advance(Duration::from_mins(16));
    app.services().signals.wake_worker();
    let mut found = Vec::new();
    for _ in 0..500 {
        found = log.news().await.iter().map(told).collect();
        if !found.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ended =
        ["delivery.failed done system grant:… inside", "key.revoked done system key:3 inside"];
    assert_eq!(found, ended);
}

async fn people(app: &TestApp, log: &mut Log<'_>, (max, vera): (i64, i64)) {
    let (services, ada) = (app.services(), over_the_web(app, "ada").await);
    let password = || Zeroizing::new("another horse".to_owned());
    log.news().await;
    let request = NewUserRequest {
        login: "eve".into(),
        name: String::new(),
        email: String::new(),
        role: Role::Viewer,
        password: password(),
    };
    let eve = users::add(services, &ada, request).await.unwrap();
    let change = UserChange { role: Some(Role::Manager), ..UserChange::default() };
    users::change(services, &ada, eve, change.clone()).await.unwrap();
    users::set_password(services, &ada, eve, password()).await.unwrap();
    users::disable(services, &ada, eve, KeysFate::Pause).await.unwrap();
    users::enable(services, &ada, eve).await.unwrap();
    users::delete(services, &ada, eve, KeysFate::Revoke).await.unwrap();
    log.shows(&[
        &format!("user.changed done ada user:{eve} web"),
        &format!("user.created done ada user:{eve} web"),
        &format!("user.deleted done ada user:{eve} web"),
        &format!("user.disabled done ada user:{eve} web"),
        &format!("user.disabled done ada user:{eve} web"),
        &format!("user.enabled done ada user:{eve} web"),
        &format!("user.password_changed done ada user:{eve} web"),
    ])
    .await;
    let (by_max, by_vera) = (over_the_web(app, "max").await, over_the_web(app, "vera").await);
    let wrong = PasswordChange { current: password(), new: password() };
    assert!(users::change_own_password(services, &by_max, wrong).await.is_err());
    assert!(users::change(services, &by_vera, vera, change).await.is_err());
    assert!(users::disable(services, &by_max, vera, KeysFate::Pause).await.is_err());
    log.shows(&[
        &format!("user.changed refused vera user:{vera} web"),
        &format!("user.disabled refused max user:{vera} web"),
        &format!("user.password_changed refused max user:{max} web"),
    ])
    .await;
}

/// An app is registered and connected, its refresh token is stolen, and a token made by hand is ended.
async fn access_tokens_and_apps(app: &TestApp, log: &mut Log<'_>) {
    let (services, ada) = (app.services(), over_the_web(app, "ada").await);
    let program = registered(app, AppKind::Confidential, Permissions::ReadWrite).await;
    let name = (Some("Parcels".to_owned()), None);
    oauth2::change_app(services, &ada, program.key_id, name).await.unwrap();
    let browser = app.logged_in("ada").await;
    log.news().await;
    let code = program.approved_by(&browser, &[]).await;
    let pair = program.redeem(&code).await;
    program.refresh(&pair.text("refresh_token")).await;
    app.clock.advance(Duration::from_secs(31));
    program.refresh(&pair.text("refresh_token")).await;
    let of = |id: i64| format!("key:{id}");
    let connection = program.key_id + 1;
    log.shows(&[
        &format!("access_token.reused refused nobody {} web", of(connection)),
        &format!("app.connected done nobody {} web", of(connection)),
        &format!("grant.approved done ada {} web", of(program.key_id)),
    ])
    .await;
    let key = key(app, Permissions::Read).await.key_id;
    log.news().await;
    access_tokens::regenerate(services, &ada, key, None).await.unwrap();
    access_tokens::revoke_all(services, &ada, key).await.unwrap();
    log.shows(&[
        &format!("access_token.ended done ada {} web", of(key)),
        &format!("access_token.made done ada {} web", of(key)),
    ])
    .await;
}

/// A store that keeps keys; each is made, used, moved and taken back, and a viewer is refused.
async fn license_keys(app: &TestApp, log: &mut Log<'_>) {
    let (services, ada) = (app.services(), over_the_web(app, "ada").await);
    let by_vera = over_the_web(app, "vera").await;
    log.news().await;
    let (draft, product) = seller::drafts("pro");
    let made = service::licenses::create(services, &ada, &draft, Some(&product)).await.unwrap();
    assert!(service::licenses::create(services, &by_vera, &draft, None).await.is_err());
    let id = made.id;
    let path = format!("/api/v1/licenses/{id}");
    let program = Program::of(app, "ada").await;
    log.shows(&[
        &format!("license.created done ada license:{id} web"),
        "license.created refused vera license: web",
        "license_product.changed done ada license_product:pro web",
        "token.created done command line token:2 inside",
    ])
    .await;
    let key = made.key.expose();
    let fields = [("license_key", key), ("domain", "customer.example")];
    let told = seller::asked_as(app, &program, ("activate", &fields)).await;
    let activation = told["data"]["activation_id"].to_string();
    let fields = [fields[0], fields[1], ("activation_id", activation.as_str())];
    seller::asked_as(app, &program, ("deactivate", &fields)).await;
    log.shows(&[
        &format!("license.activated done nobody license:{id} web"),
        &format!("license.deactivated done nobody license:{id} web"),
    ])
    .await;
    program.patch(&path, json!({ "customer": "Grace" })).await.is(200);
    program.post(&format!("{path}/revoke"), json!({ "reason": "refunded" })).await.is(200);
    program.post(&format!("{path}/restore"), json!({})).await.is(200);
    program.post(&format!("{path}/key"), json!({})).await.is(200);
    assert_eq!(program.get("/api/v1/licenses/export").await.status, 200);
    let table = "license_key,sku\nabcdefgh-7,pro\n";
    seller::sent(&program, "", table).await.is(200);
    program.patch("/api/v1/license-products/pro", json!({ "name": "Pro" })).await.is(200);
    program.patch("/api/v1/license-settings", json!({ "needs_token": true })).await.is(200);
    program.post("/api/v1/license-products", json!({ "sku": "lite" })).await.is(201);
    program.delete("/api/v1/license-products/lite").await;
    let imported = id + 1;
    log.shows(&[
        &format!("license.changed done ada (token 2) license:{id} web"),
        "license.exported done ada (token 2) license: web",
        &format!("license.imported done ada (token 2) license:{imported} web"),
        &format!("license.key_seen done ada (token 2) license:{id} web"),
        &format!("license.restored done ada (token 2) license:{id} web"),
        &format!("license.revoked done ada (token 2) license:{id} web"),
        "license_product.changed done ada (token 2) license_product:lite web",
        "license_product.changed done ada (token 2) license_product:pro web",
        "license_product.deleted done ada (token 2) license_product:lite web",
        "license_settings.changed done ada (token 2) license_settings: web",
    ])
    .await;
    assert!(!log.texts.contains(key) && !log.texts.contains("abcdefgh-7"));
}

async fn looked_after(app: &TestApp, log: &mut Log<'_>, (max, vera): (i64, i64)) {
    let (services, ada) = (app.services(), over_the_web(app, "ada").await);
    let by_vera = over_the_web(app, "vera").await;
    let new = |owner_id| NewKeyRequest {
        owner_id,
        description: "By hand".into(),
        permissions: Permissions::ReadWrite,
        expires_at: None,
    };
    let narrower = || KeyChange { permissions: Some(Permissions::Read), ..KeyChange::default() };
    let key = keys::create(services, &ada, new(max)).await.unwrap().id;
    keys::change(services, &ada, key, narrower()).await.unwrap();
    keys::reassign(services, &ada, key, vera).await.unwrap();
    keys::revoke(services, &ada, key, "lost").await.unwrap();
    log.shows(&[
        &format!("key.changed done ada key:{key} web"),
        &format!("key.created done ada key:{key} web"),
        &format!("key.reassigned done ada key:{key} web"),
        &format!("key.revoked done ada key:{key} web"),
    ])
    .await;
    let key = keys::create(services, &ada, new(max)).await.unwrap().id;
    log.news().await;
    assert!(keys::create(services, &by_vera, new(max)).await.is_err());
    assert!(keys::change(services, &by_vera, key, narrower()).await.is_err());
    assert!(keys::reassign(services, &by_vera, key, vera).await.is_err());
    assert!(keys::revoke(services, &by_vera, key, "").await.is_err());
    log.shows(&[
        &format!("key.changed refused vera key:{key} web"),
        &format!("key.created refused vera user:{max} web"),
        &format!("key.reassigned refused vera key:{key} web"),
        &format!("key.revoked refused vera key:{key} web"),
    ])
    .await;
    assert_eq!(keys::show(services, &ada, key).await.unwrap().state, ShownState::Active);

    let ada_id = app.user("ada").await.id;
    let token = tokens::create(services, &ada, ada_id, "A program", None).await.unwrap();
    tokens::revoke(services, &ada, token.id).await.unwrap();
    signing::rotate(services, &ada, false).await.unwrap();
    audit::note_export(services, &ada).await.unwrap();
    log.shows(&[
        "audit.exported done ada audit: web",
        "signing_key.rotated done ada signing_key:2 web",
        &format!("token.created done ada token:{} web", token.id),
        &format!("token.revoked done ada token:{} web", token.id),
    ])
    .await;
    import::import(app, &[import::Exported::new(1, "read")]).await;
    let imported = key + 1;
    log.shows(&[&format!("key.imported done command line key:{imported} inside")]).await;
}

#[tokio::test]
async fn the_first_admin_is_in_the_log_too() {
    let app = TestApp::empty(&[]).await;
    let token = setup::issue_token(app.services()).await.unwrap().unwrap();
    let browser = app.browser();
    let page = browser.get(&format!("/setup?token={token}")).await;
    let mut fields = page.fields("form");
    for (name, value) in [("login", "ada"), ("password", PASSWORD), ("password_again", PASSWORD)] {
        fields.insert(name.to_owned(), value.to_owned());
    }
    browser.press("/setup", &fields).await;
    let mut log = Log { app: &app, read: 0, seen: BTreeSet::new(), texts: String::new() };
    log.shows(&["session.begun done ada session:1 web", "user.created done nobody user:1 web"])
        .await;
    assert!(!log.texts.contains(&token) && !log.texts.contains(PASSWORD));
}

/// What somebody does who has the database and not the key file; what is found; and the way back.
#[tokio::test]
async fn whatever_is_done_to_the_table_is_found() {
    let app = TestApp::start().await;
    for login in ["ada", "max", "vera", "ada"] {
        app.logged_in(login).await;
    }
    let found = async |noted| audit::verify(app.services(), noted).await.unwrap();
    let whole = found(None).await.unwrap();
    assert_eq!(whole.rows, 7);
    let (seq, hash) = whole.head.split_once(':').unwrap();
    let noted = Some((seq.parse().unwrap(), hash.to_owned()));
    for trigger in ["audit_is_not_changed", "audit_is_not_deleted"] {
        if trigger == "audit_is_not_changed" || !database::is_postgres() {
            app.alter(&database::drop_trigger(trigger, "audit")).await;
        }
    }
    let rubbish = format!("UPDATE audit_head SET hash = {}", database::bytes("00"));
    let swap = [
        "UPDATE audit SET seq = -3 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = -3",
    ];
    let table: [(&[&str], Broken, &[&str]); 9] = [
        (
            &["UPDATE audit SET at = at + 1 WHERE seq = 3"],
            Broken::Altered(3),
            &["UPDATE audit SET at = at - 1 WHERE seq = 3"],
        ),
        (
            &["UPDATE audit SET details = details || ' ' WHERE seq = 1"],
            Broken::Altered(1),
            &["UPDATE audit SET details = rtrim(details) WHERE seq = 1"],
        ),
        (
            &["UPDATE audit SET address = NULL WHERE seq = 7"],
            Broken::Altered(7),
            &["UPDATE audit SET address = '127.0.0.1' WHERE seq = 7"],
        ),
        (
            &["UPDATE audit SET seq = -1 WHERE seq = 1"],
            Broken::Missing(1),
            &["UPDATE audit SET seq = 1 WHERE seq = -1"],
        ),
        (
            &["UPDATE audit SET seq = -5 WHERE seq = 5"],
            Broken::Missing(5),
            &["UPDATE audit SET seq = 5 WHERE seq = -5"],
        ),
        (&swap, Broken::Altered(3), &swap),
        (
            &["UPDATE audit SET seq = -7 WHERE seq = 7"],
            Broken::CutOff(7),
            &["UPDATE audit SET seq = 7 WHERE seq = -7"],
        ),
        (
            &[&rubbish],
            Broken::CutOff(7),
            &["UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE seq = 7)"],
        ),
        (
            &[
                "INSERT INTO audit SELECT 8, at, actor, actor_id, address, event, object_kind, object_id, \
               outcome, request_id, details, hash FROM audit WHERE seq = 7",
            ],
            Broken::Altered(8),
            &["DELETE FROM audit WHERE seq = 8"],
        ),
    ];
    for (deeds, broken, undo) in table {
        for sql in deeds {
            assert_eq!(app.alter(sql).await, 1, "{sql}");
        }
        for noted in [None, noted.clone()] {
            assert_eq!(found(noted).await, Err(broken.clone()), "{deeds:?}");
        }
        for sql in undo {
            assert_eq!(app.alter(sql).await, 1, "{sql}");
        }
        assert_eq!(found(noted.clone()).await.unwrap(), whole, "{undo:?}");
    }
    // Cut off with the head that the database itself keeps: only the noted one shows it.
    app.alter("DELETE FROM audit WHERE seq = 7").await;
    app.alter("UPDATE audit_head SET seq = 6, hash = (SELECT hash FROM audit WHERE seq = 6)").await;
    assert_eq!(found(None).await.unwrap().rows, 6);
    assert_eq!(found(noted.clone()).await, Err(Broken::AnotherHead(7)));
    app.logged_in("max").await;
    assert_eq!(found(None).await.unwrap().rows, 7);
    assert_eq!(found(noted).await, Err(Broken::AnotherHead(7)), "filled up again");
}
