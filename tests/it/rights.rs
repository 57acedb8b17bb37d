//! Who may do what: the table of roles, actions and ties, at the use cases and on a real database.

use appgrant::{
    domain::{
        key_rules::Environment, key_view::KeyView, permissions::Permissions, timestamp::Timestamp,
    },
    service::{
        access_tokens::{self, RulesChange},
        audit::{self, AuditFilter},
        caller::Caller,
        keys::{self, KeyChange, KeyError, NewKeyRequest},
    },
};

use crate::support::{TestApp, granted};

/// What is tried on a key of each kind, and who must succeed: admin, owner, approver, other manager,
/// viewer.
const TABLE: [(&str, [bool; 5]); 12] = [
    ("see", [true, true, true, true, true]),
    ("describe", [true, true, true, false, false]),
    ("narrow", [true, true, true, false, false]),
    ("widen", [true, true, false, false, false]),
    ("more time", [true, true, false, false, false]),
    ("revoke", [true, true, true, false, false]),
    ("rotate", [true, true, true, false, false]),
    ("end tokens", [true, true, true, false, false]),
    ("make a token", [true, true, false, false, false]),
    ("bind", [true, true, true, false, false]),
    ("to the sandbox", [true, true, false, false, false]),
    ("reassign", [true, false, false, false, false]),
];

const WHO: [&str; 5] = ["ada", "owen", "max", "mia", "vera"];

/// A store, and in it keys of an app that Max approved and that act for Owen.
struct Scene {
    app: TestApp,
    owen: i64,
}

/// One of those keys.
struct Scened<'a> {
    app: &'a TestApp,
    key: i64,
}

impl Scene {
    async fn set() -> Self {
        let app = TestApp::start().await;
        for login in ["owen", "mia"] {
            app.add_user(login, appgrant::domain::user::Role::Manager).await;
        }
        granted(&app, "read_write").await;
        let owen = app.user("owen").await.id;
        Self { app, owen }
    }

    async fn key(&self) -> Scened<'_> {
        let request = NewKeyRequest {
            owner_id: self.owen,
            description: "An app’s".to_owned(),
            permissions: Permissions::ReadWrite,
            expires_at: Some(Scened { app: &self.app, key: 0 }.in_days(30)),
        };
        let made = keys::create(self.app.services(), &Caller::command_line(), request).await;
        let key = made.unwrap().id;
        let sql = format!("UPDATE keys SET grant_id = (SELECT id FROM grants) WHERE id = {key}");
        self.app.alter(&sql).await;
        let word = "SELECT term FROM key_terms WHERE term LIKE '@%' LIMIT 1";
        let sql = format!("INSERT INTO key_terms (term, key_id) VALUES (({word}), {key})");
        self.app.alter(&sql).await;
        Scened { app: &self.app, key }
    }
}

impl Scened<'_> {
    fn in_days(&self, days: u64) -> Timestamp {
        self.app.services().now().plus(std::time::Duration::from_hours(24 * days))
    }

    async fn change(&self, caller: &Caller, change: KeyChange) -> Result<(), KeyError> {
        keys::change(self.app.services(), caller, self.key, change).await
    }

    async fn bind(&self, caller: &Caller, change: RulesChange) -> Result<(), KeyError> {
        let services = self.app.services();
        access_tokens::change_rules(services, caller, self.key, change).await.map(drop)
    }

    async fn key(&self) -> KeyView {
        keys::show(self.app.services(), &Caller::command_line(), self.key).await.unwrap()
    }

    async fn does(&self, what: &str, caller: &Caller) -> Result<(), KeyError> {
        let services = self.app.services();
        let nothing = KeyChange::default();
        match what {
            "see" => keys::show(services, caller, self.key).await.map(|_| ()),
            "describe" => {
                let description = Some("Something else".to_owned());
                self.change(caller, KeyChange { description, ..nothing }).await
            }
            "narrow" => {
                let permissions = Some(Permissions::Read);
                self.change(caller, KeyChange { permissions, ..nothing }).await
            }
            "widen" => {
                let narrow = KeyChange { permissions: Some(Permissions::Read), ..nothing.clone() };
                self.change(&Caller::command_line(), narrow).await.unwrap();
                let permissions = Some(Permissions::ReadWrite);
                self.change(caller, KeyChange { permissions, ..nothing }).await
            }
            "more time" => {
                self.change(caller, KeyChange { expires_at: Some(None), ..nothing }).await
            }
            "revoke" => keys::revoke(services, caller, self.key, "tried").await,
            "rotate" => {
                keys::rotate(services, caller, self.key, std::time::Duration::ZERO).await.map(drop)
            }
            "reassign" => {
                let mia = self.app.user("mia").await.id;
                keys::reassign(services, caller, self.key, mia).await
            }
            "end tokens" => access_tokens::revoke_all(services, caller, self.key).await,
            "make a token" => {
                access_tokens::regenerate(services, caller, self.key, None).await.map(drop)
            }
            "bind" => {
                let domains = Some("shop.example".to_owned());
                self.bind(caller, RulesChange { domains, ..RulesChange::default() }).await
            }
            "to the sandbox" => {
                let environment = Some(Environment::Sandbox);
                self.bind(caller, RulesChange { environment, ..RulesChange::default() }).await
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says_and_refusals_change_nothing() {
    let scene = Scene::set().await;
    for (what, expected) in TABLE {
        for (login, may) in WHO.into_iter().zip(expected) {
            let key = scene.key().await;
            let caller = scene.app.caller(login).await;
            let before = key.key().await;
            let done = key.does(what, &caller).await;
            assert_eq!(done.is_ok(), may, "{login} {what}: {done:?}");
            if let Err(error) = done {
                assert!(matches!(error, KeyError::NotAllowed), "{login} {what}: {error}");
                let mut after = key.key().await;
                if what == "widen" {
                    after.permissions = before.permissions;
                }
                assert_eq!(after, before, "{login} {what}");
                let filter = AuditFilter {
                    object: Some(("key".to_owned(), key.key.to_string())),
                    ..AuditFilter::default()
                };
                let page = audit::page(scene.app.services(), &filter, None, 1).await.unwrap();
                let row = &page.rows[0];
                assert_eq!((row.outcome.as_str(), row.actor.as_str()), ("refused", login));
            }
        }
    }
}

#[tokio::test]
async fn whoever_may_end_no_key_writes_one_refusal_however_many_were_meant() {
    let scene = Scene::set().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(scene.key().await.key);
    }
    let services = scene.app.services();
    let rows = async || audit::verify(services, None).await.unwrap().unwrap().rows;
    let host = keys::show(services, &Caller::command_line(), ids[0]).await.unwrap();
    let host = host.app.unwrap().callback_host;
    for login in ["vera", "mia"] {
        let caller = scene.app.caller(login).await;
        let before = rows().await;
        let several = keys::revoke_several(services, &caller, &ids, "").await;
        assert_eq!(several.is_ok(), login == "mia", "{login}");
        let all = keys::revoke_app(services, &caller, &host, "").await;
        assert_eq!(all.ok(), (login == "mia").then_some((0, 6)), "{login}");
        assert_eq!(rows().await, before + 2, "{login}");
    }
    assert_eq!(
        keys::revoke_app(services, &scene.app.caller("max").await, &host, "").await.unwrap(),
        (6, 0)
    );
}

/// WooCommerce asks about the user a key shall belong to and forgets the one it belongs to.
#[tokio::test]
async fn nobody_takes_an_admins_key_over_by_its_number() {
    let app = TestApp::start().await;
    let services = app.services();
    let (admin, manager) = (app.caller("ada").await, app.caller("max").await);
    let request = NewKeyRequest {
        owner_id: app.user("ada").await.id,
        description: "The admin’s".to_owned(),
        permissions: Permissions::Read,
        expires_at: None,
    };
    let made = keys::create(services, &admin, request.clone()).await.unwrap();
    let max = app.user("max").await.id;
    let to_himself = keys::reassign(services, &manager, made.id, max).await;
    assert!(matches!(to_himself, Err(KeyError::NotAllowed)));
    let wider = KeyChange { permissions: Some(Permissions::ReadWrite), ..KeyChange::default() };
    assert!(matches!(
        keys::change(services, &manager, made.id, wider).await,
        Err(KeyError::NotAllowed)
    ));
    assert!(matches!(
        keys::revoke(services, &manager, made.id, "").await,
        Err(KeyError::NotAllowed)
    ));
    assert_eq!(keys::revoke_several(services, &manager, &[made.id], "").await.unwrap(), 0);
    let for_the_admin = keys::create(services, &manager, request).await;
    assert!(
        matches!(for_the_admin, Err(KeyError::NotAllowed)),
        "nor makes one in the admin’s name"
    );
    let key = keys::show(services, &manager, made.id).await.unwrap();
    assert_eq!((key.owner.login.as_str(), key.permissions), ("ada", Permissions::Read));
}

#[tokio::test]
async fn viewers_make_nothing_and_managers_make_for_themselves() {
    let app = TestApp::start().await;
    let request = |owner_id| NewKeyRequest {
        owner_id,
        description: "A script".to_owned(),
        permissions: Permissions::Read,
        expires_at: None,
    };
    for (who, whose, may) in [
        ("ada", "ada", true),
        ("ada", "vera", true),
        ("max", "max", true),
        ("max", "vera", false),
        ("vera", "vera", false),
    ] {
        let (caller, owner) = (app.caller(who).await, app.user(whose).await.id);
        let made = keys::create(app.services(), &caller, request(owner)).await;
        assert_eq!(made.is_ok(), may, "{who} for {whose}");
    }
}
