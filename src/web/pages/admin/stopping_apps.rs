//! What a screen that asks whether keys shall end says of the registered apps whose keys they are: their names,
//! and how many connections stop with them, which people would have to approve anew.

use super::registered_apps::{count, counted};
use crate::{
    service::oauth2::{self, RegisteredApp},
    web::{errors::WebError, visitor::Visitor},
};

/// How many are named.
const NAMED: usize = 10;

/// Registered apps that stop.
pub struct StoppingApps {
    /// Their names, as many as fit.
    pub names: String,
    /// Whether it is more than one.
    pub are_several: bool,
    /// How many connections of theirs are live, if any are.
    pub connections: Option<String>,
    /// Whether it is one connection.
    pub is_one_connection: bool,
}

impl StoppingApps {
    /// Those whose keys these are, if there are any.
    ///
    /// # Errors
    /// If the database gives no answer.
    pub async fn of_keys(visitor: &Visitor, ids: &[i64]) -> Result<Option<Self>, WebError> {
        let apps = oauth2::apps_of_keys(&visitor.services, ids).await?;
        Self::of(visitor, &apps).await
    }

    /// Those of a user, if there are any.
    ///
    /// # Errors
    /// If the database gives no answer.
    pub async fn of_owner(visitor: &Visitor, owner_id: i64) -> Result<Option<Self>, WebError> {
        let apps = oauth2::apps_of_owner(&visitor.services, owner_id, MOST).await?;
        Self::of(visitor, &apps).await
    }

    async fn of(visitor: &Visitor, apps: &[RegisteredApp]) -> Result<Option<Self>, WebError> {
        if apps.is_empty() {
            return Ok(None);
        }
        let ids: Vec<i64> = apps.iter().map(|app| app.key_id).collect();
        let connections = count(visitor, &ids).await?;
        Ok(Some(Self {
            names: names(apps),
            are_several: apps.len() > 1,
            connections: (connections > 0).then(|| counted(connections)),
            is_one_connection: connections == 1,
        }))
    }
}

/// How many apps of one user are looked at.
const MOST: usize = 100;

/// `One, Two and 3 more`.
fn names(apps: &[RegisteredApp]) -> String {
    let named: Vec<&str> = apps.iter().take(NAMED).map(|app| app.name.as_str()).collect();
    let named = named.join(", ");
    match apps.len() - apps.len().min(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
