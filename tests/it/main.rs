//! The project's tests, as users of the service: managers in a browser, apps, operators.
//!
//! One binary, a module a feature. `support` holds the verbs.

mod support;

mod approve;
mod authorize;
mod db_contract;
mod login;
