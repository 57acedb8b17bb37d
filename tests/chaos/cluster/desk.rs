//! Makes keys and tokens, past the nodes: by the use cases, in this process.

use std::{path::Path, sync::Arc};

use appgrant::{
    domain::permissions::Permissions,
    service::{
        Services,
        caller::Caller,
        keys::{self, MadeKey, NewKeyRequest},
        tokens, users,
    },
};

use crate::judge;

/// The use cases on the store's database.
pub struct Desk {
    pub services: Arc<Services>,
    /// An admin's token for the API.
    pub token: String,
}

impl Desk {
    pub async fn open(folder: &Path, database: &str) -> Self {
        let services = judge::services(folder, database).await;
        let ada = users::by_login(&services, "ada").await.unwrap();
        let caller = Caller::command_line();
        let made = tokens::create(&services, &caller, ada.id, "cluster", None).await.unwrap();
        let token = made.token.expose().to_owned();
        Self { services, token }
    }

    /// A key of that user that may read and write.
    pub async fn key(&self, login: &str) -> MadeKey {
        let request = NewKeyRequest {
            owner_id: self.user(login).await,
            description: "Cluster".to_owned(),
            permissions: Permissions::ReadWrite,
            expires_at: None,
        };
        keys::create(&self.services, &Caller::command_line(), request).await.unwrap()
    }

    /// That user's number.
    pub async fn user(&self, login: &str) -> i64 {
        users::by_login(&self.services, login).await.unwrap().id
    }
}
