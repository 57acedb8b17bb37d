//! The screens about licenses, under `/admin/licenses`: what customers bought, where they use it, what the
//! products are, and what holds for all of them.
//!
//! They keep to the ways of the other screens (`admin/mod.rs`). Everybody who may log in sees them; buttons
//! are shown to whoever may press them, and whether they do anything is decided in `service::licenses`.
//! Never: a whole license key in an address, or on a page but the two that exist to show one.

pub mod edit;
pub mod end;
pub mod export;
mod form;
pub mod import;
pub mod license;
mod link;
pub mod list;
pub mod new;
pub mod product_form;
pub mod products;
mod refused;
mod report;
mod row;
pub mod settings;
mod settings_form;
mod upload;

use crate::{domain::user::Role, web::visitor::Visitor};

/// The screens beside each other, as tabs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// The list of licenses.
    Licenses,
    /// The list of products.
    Products,
    /// Import and export.
    Transfer,
    /// What holds for all.
    Settings,
}

/// A tab.
pub struct TabLink {
    /// Its words.
    pub text: &'static str,
    /// Where it leads.
    pub href: String,
    /// Whether it is where one is.
    pub is_current: bool,
}

/// The tabs that the visitor may use.
fn tabs(visitor: &Visitor, current: Tab) -> Vec<TabLink> {
    let role = visitor.caller().actor.role();
    let may_transfer = role.is_some_and(Role::may_manage_licenses);
    let all = [
        (Tab::Licenses, "/admin/licenses", "Licenses"),
        (Tab::Products, "/admin/licenses/products", "Products"),
        (Tab::Transfer, "/admin/licenses/import", "Import and export"),
        (Tab::Settings, "/admin/licenses/settings", "Settings"),
    ];
    let shown = all.into_iter().filter(|(tab, ..)| *tab != Tab::Transfer || may_transfer);
    let link = |(tab, path, text)| TabLink {
        text,
        href: visitor.site.path(path),
        is_current: tab == current,
    };
    shown.map(link).collect()
}

/// The path of a license's own screen.
fn path(id: i64) -> String {
    format!("/admin/licenses/{id}")
}
