//! What clients send, for the API's description: bodies and parameters.
//!
//! Nothing is read into these. `members.rs` and `query.rs` read by name, to tell all that is wrong at
//! once; Schemathesis, which makes requests out of this description, holds that both are the same.

#![expect(dead_code, reason = "they describe")]

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::service::views::{KeyJson, RegisteredAppJson, words};

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeyBody {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200, example = "Accounting export")]
    pub description: String,
    /// What it may do.
    #[schema(value_type = words::Permissions)]
    pub permissions: String,
    /// The number of the user it acts for; you if it is left out. Only admins make keys for others.
    #[schema(minimum = 1, nullable = false)]
    pub owner_id: Option<i64>,
    /// When it ends: a day (until it is over, in UTC) or an instant, at most a hundred years ahead. No
    /// end if it is left out or null.
    #[schema(nullable, example = "2100-01-31")]
    pub expires_at: Option<String>,
}

/// A key that was just made: the only showing of its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedKey)]
pub struct CreatedKeyDescription {
    #[serde(flatten)]
    pub key: KeyJson,
    /// The consumer key.
    #[schema(pattern = "^ck_[0-9a-f]{40}$")]
    pub consumer_key: String,
    /// The consumer secret. It cannot be shown again.
    #[schema(pattern = "^cs_[0-9a-f]{40}$")]
    pub consumer_secret: String,
}

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyChangeBody {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub description: Option<String>,
    /// What it may do. Whoever approved an app may narrow its key; only its owner and admins may widen
    /// it.
    #[schema(value_type = Option<words::Permissions>, nullable = false)]
    pub permissions: Option<String>,
    /// When it ends: a day or an instant; null for no end.
    #[schema(nullable)]
    pub expires_at: Option<String>,
}

/// Why a key is ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeBody {
    /// The reason, as it is kept; cut after 200 characters.
    #[schema(nullable = false, example = "no longer used")]
    pub reason: Option<String>,
}

/// How a key gets its new pair.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateBody {
    /// How many hours the pair until now goes on working; 24 if it is left out. An app's ends sooner: when
    /// the new one is first used.
    #[schema(minimum = 0, maximum = 168, nullable = false, example = 24)]
    pub overlap_hours: Option<u64>,
}

/// A new pair that is on its way to its app.
#[derive(Serialize, ToSchema)]
#[schema(as = RotationUnderWay)]
pub struct RotationJson {
    /// The key as it is now.
    pub key: KeyJson,
    /// The grant that made the key.
    pub grant_id: String,
    /// The delivery that hands the new pair over: `GET /api/v1/deliveries/{id}` tells how it goes.
    pub delivery_id: String,
}

/// Whom a key shall act for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReassignBody {
    /// The number of a user who is not disabled.
    #[schema(minimum = 1)]
    pub owner_id: i64,
}

/// Where a list goes on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CursorParam {
    /// `next_cursor` of the page before.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

/// How much a page holds.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LimitParam {
    /// How many things a page has.
    #[param(minimum = 1, maximum = 100, nullable = false)]
    pub limit: Option<usize>,
}

/// Rules to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesChangeBody {
    /// What the key is for.
    #[schema(value_type = Option<words::Environment>, nullable = false)]
    pub environment: Option<String>,
    /// How many seconds its tokens live: 60 to 315360000, below 0 for no end, null for the store's setting.
    #[schema(nullable, example = 3600)]
    pub token_seconds: Option<i64>,
    /// Domains such as `shop.example`, or `*.shop.example` for each below it; none, or `ALL`, for any.
    #[schema(nullable = false, max_items = 50, example = json!(["shop.example"]))]
    pub allowed_domains: Option<Vec<String>>,
    /// Networks such as `203.0.113.0/24`, or addresses; none for any.
    #[schema(nullable = false, max_items = 50, example = json!(["203.0.113.0/24"]))]
    pub allowed_networks: Option<Vec<String>>,
}

/// Rules that are changed before a key's token is made anew; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegenerateBody {
    /// How many seconds the key's tokens live: 60 to 315360000, below 0 for no end, null for the store's
    /// setting.
    #[schema(nullable, example = 3600)]
    pub token_seconds: Option<i64>,
    /// Domains such as `shop.example`, or `*.shop.example` for each below it; none, or `ALL`, for any.
    #[schema(nullable = false, max_items = 50, example = json!(["shop.example"]))]
    pub allowed_domains: Option<Vec<String>>,
}

/// A token that was just made: its only showing.
#[derive(Serialize, ToSchema)]
#[schema(as = NewAccessToken)]
pub struct NewTokenDescription {
    /// The access token. It cannot be shown again.
    #[schema(pattern = "^agat_[A-Za-z0-9_-]{43}$")]
    pub access_token: String,
    /// How it is sent.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// For how many seconds it is good; null if it never ends.
    #[schema(required, minimum = 0, example = 3600)]
    pub expires_in: Option<u64>,
    /// What it may do.
    #[schema(value_type = words::Permissions)]
    pub permissions: &'static str,
}

/// An app to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppBody {
    /// Its name, which users read.
    #[schema(min_length = 1, max_length = 100, example = "Möbel & Co")]
    pub name: String,
    /// Where its users may be sent back to, exactly: `https://…`, `http://127.0.0.1/…` (any port), or a
    /// scheme of its own with a dot.
    #[schema(min_items = 1, max_items = 20, example = json!(["https://app.example/callback"]))]
    pub redirect_uris: Vec<String>,
    /// What its users may approve at most.
    #[schema(value_type = words::Permissions)]
    pub permissions: String,
    /// Whether it keeps no secret, as apps on a device do; it does if this is left out.
    #[schema(nullable = false)]
    pub public: Option<bool>,
    /// The number of the user who looks after it; you if it is left out. Only admins register apps for
    /// others.
    #[schema(minimum = 1, nullable = false)]
    pub owner_id: Option<i64>,
    /// When the registration ends: a day or an instant. No end if it is left out or null.
    #[schema(nullable, example = "2100-01-31")]
    pub expires_at: Option<String>,
}

/// An app that was just registered: the only showing of what it asks with.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedRegisteredApp)]
pub struct CreatedAppDescription {
    #[serde(flatten)]
    pub app: RegisteredAppJson,
    /// The consumer key, which the app calls `client_id`.
    #[schema(pattern = "^ck_[0-9a-f]{40}$")]
    pub client_id: String,
    /// The consumer secret. It cannot be shown again; null for a public app.
    #[schema(required, pattern = "^cs_[0-9a-f]{40}$")]
    pub client_secret: Option<String>,
}

/// What is to be changed of an app; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppChangeBody {
    /// Its name.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    /// All addresses that its users may be sent back to.
    #[schema(min_items = 1, max_items = 20, nullable = false)]
    pub redirect_uris: Option<Vec<String>>,
}

/// Filters and order of the list of keys; all that is given must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KeyListParams {
    /// Beginnings of words of description, app, host or ending, all of which a key must have; or a whole
    /// consumer key.
    #[param(nullable = false)]
    pub q: Option<String>,
    /// Where they are in their life.
    #[param(value_type = Option<words::KeyState>, nullable = false)]
    pub state: Option<String>,
    /// The callback host of their app.
    #[param(nullable = false, example = "app.example")]
    pub callback_host: Option<String>,
    /// The number of the user they act for.
    #[param(minimum = 1, nullable = false)]
    pub owner_id: Option<i64>,
    /// What they may do.
    #[param(value_type = Option<words::Permissions>, nullable = false)]
    pub permissions: Option<String>,
    /// Only keys that were never used.
    #[param(nullable = false)]
    pub never_used: Option<bool>,
    /// Only keys that were made, and last used if ever, more than so many days ago.
    #[param(minimum = 1, maximum = 36500, nullable = false)]
    pub unused_for_days: Option<u32>,
    /// Only keys that may read and write, are used, and never wrote.
    #[param(nullable = false)]
    pub write_unused: Option<bool>,
    /// Only keys that work and end before that day is over, or before that instant.
    #[param(nullable = false, example = "2100-01-31")]
    pub expires_before: Option<String>,
    /// In which order. Some filters have their own: `state=expired` lists what ended last first,
    /// `expires_before` what ends first, `unused_for_days` what is unused for longest.
    #[param(value_type = Option<words::KeyOrder>, nullable = false)]
    pub order: Option<String>,
    /// How many keys a page has.
    #[param(minimum = 1, maximum = 100, nullable = false)]
    pub limit: Option<usize>,
    /// `next_cursor` of the page before, asked with the same filters and order.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUserBody {
    /// Login name: 1 to 60 letters, digits, dots, hyphens or underscores; kept in lower case.
    #[schema(min_length = 1, max_length = 60, example = "mia")]
    pub login: String,
    /// Name for people; the login if it is left out.
    #[schema(nullable = false, example = "Mia")]
    pub name: Option<String>,
    /// E-mail address, which can be used to log in.
    #[schema(nullable, example = "mia@shop.example")]
    pub email: Option<String>,
    /// What the user may do.
    #[schema(value_type = words::Role)]
    pub role: String,
    /// The password: at least 10 characters, at most 1024 bytes.
    #[schema(min_length = 10, max_length = 1024, write_only)]
    pub password: String,
}

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChangeBody {
    /// Name for people; cut after 100 characters.
    #[schema(nullable = false, example = "Mia")]
    pub name: Option<String>,
    /// E-mail address; null for none.
    #[schema(nullable, example = "mia@shop.example")]
    pub email: Option<String>,
    /// What the user may do.
    #[schema(value_type = Option<words::Role>, nullable = false)]
    pub role: Option<String>,
}

/// A password to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The password: at least 10 characters, at most 1024 bytes.
    #[schema(min_length = 10, max_length = 1024, write_only)]
    pub password: String,
}

/// A user to be shut out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableBody {
    /// What becomes of the user's keys. It must be said: keys never end or change hands silently.
    pub keys: KeysBody,
}

/// What becomes of the keys of a user who goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeysBody {
    /// `pause`: they stop for as long as the user is disabled. `revoke`: they end. `reassign`: they go on
    /// working, for the user `to`.
    #[schema(value_type = KeysActionDescription)]
    pub action: String,
    /// The number of the user who gets them; only with `reassign`.
    #[schema(minimum = 1, nullable = false)]
    pub to: Option<i64>,
}

/// What becomes of keys.
#[derive(ToSchema)]
#[schema(as = KeysAction, rename_all = "snake_case")]
pub enum KeysActionDescription {
    /// They stop for as long as the user is disabled.
    Pause,
    /// They end.
    Revoke,
    /// They go on working, for somebody else.
    Reassign,
}

/// What becomes of the keys of a user who is deleted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeleteParams {
    /// `revoke`: they end. `reassign`: they go on working, for the user `to`.
    #[param(value_type = DeletedKeysDescription)]
    pub keys: String,
    /// The number of the user who gets them; only with `keys=reassign`.
    #[param(minimum = 1, nullable = false)]
    pub to: Option<i64>,
}

/// What becomes of keys whose user is deleted.
#[derive(ToSchema)]
#[schema(as = DeletedKeysAction, rename_all = "snake_case")]
pub enum DeletedKeysDescription {
    /// They end.
    Revoke,
    /// They go on working, for somebody else.
    Reassign,
}

/// Filters of the list of grants.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GrantListParams {
    /// Of the app of that callback host.
    #[param(nullable = false, example = "app.example")]
    pub callback_host: Option<String>,
    /// How many grants a page has.
    #[param(minimum = 1, maximum = 100, nullable = false)]
    pub limit: Option<usize>,
    /// `next_cursor` of the page before, asked with the same filters.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

/// Filters of the list of apps.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AppListParams {
    /// The beginning of the callback host.
    #[param(nullable = false, example = "app.")]
    pub q: Option<String>,
    /// `next_cursor` of the page before, asked with the same filter.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

/// Filters of the list of deliveries; all that is given must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryListParams {
    /// Of that key.
    #[param(minimum = 1, nullable = false)]
    pub key_id: Option<i64>,
    /// Of that grant.
    #[param(nullable = false)]
    pub grant_id: Option<String>,
    /// Where they are.
    #[param(value_type = Option<words::DeliveryState>, nullable = false)]
    pub state: Option<String>,
    /// Begun then or later (RFC 3339).
    #[param(format = DateTime, nullable = false)]
    pub since: Option<String>,
    /// How many deliveries a page has.
    #[param(minimum = 1, maximum = 100, nullable = false)]
    pub limit: Option<usize>,
    /// `next_cursor` of the page before, asked with the same filters.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

/// Filters of the audit log; all that is given must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditListParams {
    /// About that kind of thing; together with `object_id`.
    #[param(value_type = Option<ObjectKindDescription>, nullable = false)]
    pub object_kind: Option<String>,
    /// About the thing of that number or id; together with `object_kind`.
    #[param(nullable = false, example = "7")]
    pub object_id: Option<String>,
    /// By that user.
    #[param(minimum = 1, nullable = false)]
    pub actor_id: Option<i64>,
    /// What happened, such as `key.revoked`.
    #[param(nullable = false, example = "key.revoked")]
    pub event: Option<String>,
    /// Whether it came about.
    #[param(value_type = Option<words::Outcome>, nullable = false)]
    pub outcome: Option<String>,
    /// Then or later (RFC 3339).
    #[param(format = DateTime, nullable = false)]
    pub since: Option<String>,
    /// Before then (RFC 3339).
    #[param(format = DateTime, nullable = false)]
    pub until: Option<String>,
    /// How many rows a page has.
    #[param(minimum = 1, maximum = 100, nullable = false)]
    pub limit: Option<usize>,
    /// `next_cursor` of the page before, asked with the same filters.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

/// Kinds of things that rows of the audit log are about.
#[derive(ToSchema)]
#[schema(as = AuditObjectKind, rename_all = "snake_case")]
pub enum ObjectKindDescription {
    /// A key.
    Key,
    /// A user.
    User,
    /// A grant.
    Grant,
    /// A delivery.
    Delivery,
    /// A login or a session.
    Session,
    /// An API token.
    Token,
    /// A generation of the key that signs callbacks.
    SigningKey,
    /// A license.
    License,
    /// What is sold under a SKU.
    LicenseProduct,
    /// What holds for all licenses.
    LicenseSettings,
    /// The log itself.
    Audit,
}

/// Whose tokens are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenListParams {
    /// Everybody's; for admins.
    #[param(nullable = false)]
    pub everybodys: Option<bool>,
}

/// What ending the keys of an app did.
#[derive(Serialize, ToSchema)]
#[schema(as = RevokedApp)]
pub struct RevokedAppJson {
    /// How many keys ended.
    pub ended: usize,
    /// How many you may not end, which go on working.
    pub left: usize,
}
