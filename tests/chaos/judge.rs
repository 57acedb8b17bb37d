//! The rules of a settled round. Each broken one is a line.
//!
//! A grant ends delivered with a key that works, which is the key its app holds; or ended in another
//! way, with a key that does not work, whoever holds it. None in between, none twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
};

use appgrant::{
    cli::startup::{self, World},
    config::{Settings, Values},
    domain::api_request::{ApiRequest, Authorization},
    service::{Services, verify},
};
use data_encoding::BASE64;

use crate::{
    app::{Callback, callback_path},
    left_behind::Grant,
    person::Told,
};

/// Everything there is to judge by.
pub struct Evidence<'a> {
    /// Where the logs are.
    pub folder: &'a Path,
    /// What is wrong with the database as a whole.
    pub faults: Vec<String>,
    /// The use cases on what the processes left behind.
    pub services: Arc<Services>,
    pub grants: &'a [Grant],
    pub callbacks: &'a [Callback],
    pub told: &'a Told,
}

/// The broken rules.
pub async fn broken_rules(evidence: &Evidence<'_>) -> Vec<String> {
    let mut broken = evidence.faults.clone();
    broken.extend(evidence.told.wrong.lock().unwrap().drain(..));
    broken.extend(in_between(evidence.grants));
    broken.extend(twice(evidence.grants));
    broken.extend(unlike_callbacks(evidence));
    broken.extend(untrue(evidence));
    broken.extend(bad_logs(evidence.folder));
    broken.extend(wrong_keys(evidence).await);
    broken
}

/// Neither delivered nor ended, or with a key that says something else.
fn in_between(grants: &[Grant]) -> Vec<String> {
    let fits = |grant: &&Grant| match grant.state.as_str() {
        "delivered" => grant.key_state == "active" && grant.is_opened && !grant.is_sealed,
        "failed" | "cancelled" => grant.key_state == "revoked" && !grant.is_sealed,
        _ => false,
    };
    let say = |grant: &Grant| {
        let sealed = if grant.is_sealed { ", keys still sealed" } else { "" };
        format!("grant {}: {}, its key {}{sealed}", grant.id, grant.state, grant.key_state)
    };
    grants.iter().filter(|grant| !fits(grant)).map(say).collect()
}

/// Apps with more than one live key. Each app was asked for by one person, who wanted one.
fn twice(grants: &[Grant]) -> Vec<String> {
    let mut live: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for grant in grants.iter().filter(|grant| grant.key_state != "revoked") {
        live.entry(&grant.app).or_default().push(&grant.id);
    }
    live.retain(|_, grants| grants.len() > 1);
    live.iter().map(|(app, grants)| format!("app {app} has keys by {grants:?}")).collect()
}

/// Callbacks that are not what was approved, or not the same each time; deliveries nobody took.
fn unlike_callbacks(evidence: &Evidence<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let grants: BTreeMap<_, _> =
        evidence.grants.iter().map(|grant| (grant.delivery_id.as_str(), grant)).collect();
    let mut bodies: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Callback { path, webhook_id, body, .. } in evidence.callbacks {
        bodies.entry(webhook_id).or_default().insert(body);
        let named = |grant: &&Grant| {
            let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
            let app = grant.app.parse().unwrap_or(usize::MAX);
            json["key_id"] == grant.key_id
                && json["grant_id"] == grant.id.as_str()
                && json["user_id"] == grant.app.as_str()
                && *path == callback_path(app)
        };
        if !grants.get(webhook_id.as_str()).is_some_and(named) {
            broken.push(format!("callback {webhook_id} to {path} fits no grant"));
        }
    }
    bodies.retain(|_, bodies| bodies.len() > 1);
    broken.extend(bodies.keys().map(|id| format!("callback {id} came with different bodies")));
    let taken = |grant: &&Grant| {
        let mut own = evidence.callbacks.iter().filter(|call| call.webhook_id == grant.delivery_id);
        own.any(|callback| callback.taken)
    };
    let delivered = evidence.grants.iter().filter(|grant| grant.state == "delivered");
    let untaken = delivered.filter(|grant| !taken(grant));
    broken.extend(untaken.map(|grant| format!("grant {} is delivered, no app took it", grant.id)));
    broken
}

/// What browsers were told and is not so.
fn untrue(evidence: &Evidence<'_>) -> Vec<String> {
    let with = |fits: &dyn Fn(&Grant) -> bool| evidence.grants.iter().any(fits);
    let mut broken = Vec::new();
    for app in evidence.told.success.lock().unwrap().iter().map(usize::to_string) {
        if !with(&|grant| grant.app == app && grant.state == "delivered") {
            broken.push(format!("app {app}: the browser was told of success"));
        }
    }
    for page in evidence.told.failure.lock().unwrap().iter() {
        if !with(&|grant| page.ends_with(&grant.id) && grant.key_state == "revoked") {
            broken.push(format!("{page} told of failure"));
        }
    }
    for page in evidence.told.pages.lock().unwrap().iter() {
        if !with(&|grant| page.ends_with(&grant.id)) {
            broken.push(format!("{page} was promised and is gone"));
        }
    }
    broken
}

/// A panic or a secret in what the processes logged.
fn bad_logs(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let logs = files.filter(|file| file.extension().is_some_and(|extension| extension == "log"));
    let mut broken = Vec::new();
    for log in logs {
        let text = fs::read_to_string(&log).unwrap();
        for word in ["panicked", "cs_", "consumer_secret"] {
            if text.contains(word) {
                broken.push(format!("{} holds {word:?}", log.display()));
            }
        }
    }
    broken
}

/// Keys in the apps' hands that do not work though delivered, or work though not.
async fn wrong_keys(evidence: &Evidence<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for grant in evidence.grants {
        let mut own = evidence.callbacks.iter().filter(|call| call.webhook_id == grant.delivery_id);
        let Some(callback) = own.next() else { continue };
        let word = judged(&evidence.services, callback, grant).await;
        let expected = if grant.state == "delivered" { "works" } else { "revoked" };
        if word != expected {
            broken.push(format!("grant {} is {}, its key: {word}", grant.id, grant.state));
        }
    }
    broken
}

/// What the store says to a request with the keys that the app received.
async fn judged(services: &Services, callback: &Callback, grant: &Grant) -> String {
    let json: serde_json::Value = serde_json::from_str(&callback.body).unwrap_or_default();
    let text = |member: &str| json[member].as_str().unwrap_or_default().to_owned();
    let pair = format!("{}:{}", text("consumer_key"), text("consumer_secret"));
    let header = format!("Basic {}", BASE64.encode(pair.as_bytes()));
    let method = if text("key_permissions") == "write" { "POST" } else { "GET" };
    let request = ApiRequest {
        authorization: Authorization::One(&header),
        ..ApiRequest::over_tls(method, "/wp-json/wc/v3/orders", "")
    };
    match verify::verify(services, &request).await.unwrap().identity() {
        Ok(Some(identity)) if identity.key_id == grant.key_id => "works".to_owned(),
        Ok(identity) => format!("is {identity:?}, not key {}", grant.key_id),
        Err(refusal) => refusal.reason().to_owned(),
    }
}

/// The use cases on a database, by the key file in that folder.
pub async fn services(folder: &Path, database: &str) -> Arc<Services> {
    let environment = [
        ("APPGRANT_DATABASE_URL".to_owned(), database.to_owned()),
        ("APPGRANT_SECRET_KEY_FILE".to_owned(), folder.join("appgrant.key").display().to_string()),
    ];
    let settings = Settings::read(&Values::gather(environment, None).unwrap()).unwrap();
    startup::services(&settings, &World::real()).await.unwrap()
}
