//! A manager's whole way through the service in a real Chromium: pressed, typed, read and looked at.
//!
//! What only a browser can tell is here: redirects under the content security policy, the back
//! button, the keyboard, pages without JavaScript, accessibility, narrow screens. Rules of the flow
//! are tested faster in `tests/it`. Without Chromium and chromedriver these tests are skipped, loudly;
//! where `CI` is set they fail.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests panic")]

mod accessibility;
mod app_page;
mod browser;
mod code_flow;
mod custom_scheme;
mod every_page;
mod gallery;
mod keyboard;
mod license_screens;
mod licenses;
mod managing;
mod narrow;
mod pictures;
mod scene;
mod screens;
mod token_screens;
mod troubles;
mod waiting;
mod walk;

#[path = "../it/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "tests/it uses the rest")]
mod support;
