//! Who may do what: the table of roles, actions and ties, at the use cases and on a real database.

use appgrant::{
    domain::{key_view::KeyView, permissions::Permissions, timestamp::Timestamp},
    service::{
        audit::{self, AuditFilter},
        caller::Caller,
        keys::{self, KeyChange, KeyError, NewKeyRequest},
    },
};

use crate::support::{TestApp, granted};

/// What is tried on a key of each kind, and who must succeed: admin, owner, approver, other manager,
/// viewer.
const TABLE: [(&str, [bool; 5]); 8] = [
    ("see", [true, true, true, true, true]),
    ("describe", [true, true, true, false, false]),
    ("narrow", [true, true, true, false, false]),
    ("widen", [true, true, false, false, false]),
    ("more time", [true, true, false, false, false]),
    ("revoke", [true, true, true, false, false]),
    ("rotate", [true, true, true, false, false]),
    ("reassign", [true, false, false, false, false]),
];

const WHO: [&str; 5] = ["ada", "owen", "max", "mia", "vera"];

/// A store with an app's key that Max approved and that acts for Owen now.
struct Scene {
    app: TestApp,
    key: i64,
}

impl Scene {
    async fn set() -> Self {
        let app = TestApp::start().await;
        for login in ["owen", "mia"] {
            app.add_user(login, appgrant::domain::user::Role::Manager).await;
        }
        granted(&app, "read_write").await;
        let scene = Self { app, key: 1 };
        let owen = scene.app.user("owen").await.id;
        let admin = scene.app.caller("ada").await;
        keys::reassign(scene.app.services(), &admin, scene.key, owen).await.unwrap();
        let end = Some(scene.in_days(30));
        scene
            .change(&admin, KeyChange { expires_at: Some(end), ..KeyChange::default() })
            .await
            .unwrap();
        scene
    }

    fn in_days(&self, days: u64) -> Timestamp {
        self.app.services().now().plus(std::time::Duration::from_hours(24 * days))
    }

    async fn change(&self, caller: &Caller, change: KeyChange) -> Result<(), KeyError> {
        keys::change(self.app.services(), caller, self.key, change).await
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
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says_and_refusals_change_nothing() {
    for (what, expected) in TABLE {
        for (login, may) in WHO.into_iter().zip(expected) {
            // What was done is done: a store for each, where it may be.
            let scene = Scene::set().await;
            let caller = scene.app.caller(login).await;
            let before = scene.key().await;
            let done = scene.does(what, &caller).await;
            assert_eq!(done.is_ok(), may, "{login} {what}: {done:?}");
            if let Err(error) = done {
                assert!(matches!(error, KeyError::NotAllowed), "{login} {what}: {error}");
                let mut after = scene.key().await;
                if what == "widen" {
                    after.permissions = before.permissions;
                }
                assert_eq!(after, before, "{login} {what}");
                let filter = AuditFilter {
                    object: Some(("key".to_owned(), "1".to_owned())),
                    ..AuditFilter::default()
                };
                let page = audit::page(scene.app.services(), &filter, None, 1).await.unwrap();
                let row = &page.rows[0];
                assert_eq!((row.outcome.as_str(), row.actor.as_str()), ("refused", login));
            }
        }
    }
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
