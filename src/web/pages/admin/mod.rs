//! The screens of those who look after keys, under `/admin`: one file a screen.
//!
//! A screen shows what it is given and asks the services; which buttons it shows follows
//! `domain::access`, and whether they do anything is decided in the services alone. Every form carries
//! the session's token and ends in a redirect, whose `?done=` is one of a fixed set of codes
//! (`flash.rs`), so that nobody can put words into our mouth by a link.

pub mod account;
pub mod app;
pub mod audit;
mod audit_words;
mod choice;
mod client_name;
pub mod export;
mod flash;
mod frame;
pub mod home;
pub mod key;
mod key_access;
pub mod key_edit;
pub mod key_end;
mod key_form;
mod key_link;
pub mod key_list;
pub mod key_new;
mod key_row;
pub mod key_rules;
pub mod key_token_new;
pub mod key_tokens;
pub mod leaving;
pub mod licenses;
mod life;
mod moment;
mod once;
mod qr;
mod refusal;
pub mod registered_app_form;
pub mod registered_app_new;
pub mod registered_apps;
pub mod rotate;
mod stopping_apps;
pub mod token;
mod typed;
pub mod user;
pub mod user_list;
mod wrong;
