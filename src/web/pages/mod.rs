//! The pages: each file holds a page's struct and its handler, and mirrors a template.

pub mod admin;
pub mod authorize;
pub mod code_flow;
pub mod connection;
mod consent;
mod flow_login;
pub mod machine;
pub mod session;
pub mod setup;
pub mod timeline;
