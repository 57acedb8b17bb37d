//! Pages of lists: every list has the same form.

use crate::service::views::{
    AccessTokenJson, AppJson, AuditRowJson, DeliveryJson, GrantJson, KeyJson, RegisteredAppJson,
    TokenJson, UserJson,
};

/// Makes the page of a list of something.
macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident of $item:ty,)+) => {
        $($(#[$doc])*
        #[derive(serde::Serialize, utoipa::ToSchema)]
        pub struct $name {
            /// What was found.
            pub data: Vec<$item>,
            /// Ask with `cursor` of this value, and the same filters and order, to go on; null at the
            /// end of the list.
            #[schema(required)]
            pub next_cursor: Option<String>,
            /// Whether looking was cut short before the page was full, because the filters passed very
            /// many over. Such a page may be short, even empty, and is no end: go on with `next_cursor`.
            pub partial: bool,
        })+
    };
}

pub(super) use pages;

pages! {
    /// A page of keys.
    KeyList of KeyJson,
    /// A page of grants.
    GrantList of GrantJson,
    /// A page of apps.
    AppList of AppJson,
    /// A page of deliveries.
    DeliveryList of DeliveryJson,
    /// A page of users.
    UserList of UserJson,
    /// A page of API tokens.
    TokenList of TokenJson,
    /// A page of a key's access tokens.
    AccessTokenList of AccessTokenJson,
    /// A page of registered apps.
    RegisteredAppList of RegisteredAppJson,
    /// A page of the audit log.
    AuditList of AuditRowJson,
}
