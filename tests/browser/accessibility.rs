//! axe-core, and what it finds wrong with a page.

use serde_json::Value;

use crate::{
    app_page::AppPage,
    browser::{Browser, Script},
    gallery::Looker,
};

const AXE: &str = include_str!("axe.min.js");

/// Runs every rule: WCAG 2 A and AA, and best practices.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run().then(
        (found) => done(found.violations.flatMap((rule) =>
            rule.nodes.map((node) => `${rule.id}: ${node.html} ${node.failureSummary}`))),
        (error) => done([`axe broke off: ${error}`]),
    );";

/// Runs axe on each page.
#[derive(Default)]
pub struct Axe {
    pub violations: Vec<String>,
    pub pages: usize,
}

impl Looker for Axe {
    async fn look(&mut self, browser: &Browser, page: &str) {
        browser.resize(1280, 800).await;
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await;
            for found in violations(browser).await {
                self.violations.push(format!("{page}, {scheme}: {found}"));
            }
        }
        self.pages += 1;
    }
}

/// What axe finds wrong with the page as it is.
pub async fn violations(browser: &Browser) -> Vec<Value> {
    if browser.run("return typeof axe").await == "undefined" {
        browser.run(AXE).await;
    }
    let found = browser.run_to_its_end(RUN).await;
    found.as_array().unwrap().clone()
}

/// Shows that the tests that run it would notice: the app's own page names no language.
#[tokio::test]
async fn axe_finds_what_is_wrong() {
    let Some(browser) = Browser::start(Script::On).await else {
        return;
    };
    let site = AppPage::start();
    browser.open(&site.back()).await;
    let found = format!("{:?}", violations(&browser).await);
    assert!(found.contains("html-has-lang"), "{found}");
}
