//! axe-core finds nothing wrong with any page, light or dark, plain or in the store's own colour.

use serde_json::Value;

use crate::{
    app_page::AppPage,
    browser::{Browser, Script},
    gallery::{Gallery, Looker},
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

#[derive(Default)]
struct Axe {
    violations: Vec<String>,
    pages: usize,
}

impl Looker for Axe {
    async fn look(&mut self, browser: &Browser, page: &str) {
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
    browser.run(AXE).await;
    let found = browser.run_to_its_end(RUN).await;
    found.as_array().unwrap().clone()
}

async fn check(gallery: Gallery) {
    let mut axe = Axe::default();
    gallery.show(&mut axe).await;
    assert!(axe.violations.is_empty(), "{}", axe.violations.join("\n"));
    assert!(axe.pages == 0 || axe.pages > 60, "{} pages", axe.pages);
}

#[tokio::test]
async fn axe_finds_no_violation_on_any_page() {
    check(Gallery::default()).await;
}

#[tokio::test]
async fn axe_finds_no_violation_with_an_accent_colour_and_a_logo() {
    let mut gallery = Gallery::default();
    let logo = concat!(env!("CARGO_MANIFEST_DIR"), "/static/mark.svg");
    gallery.settings.push(("STORE_LOGO", logo.to_owned()));
    gallery.settings.push(("ACCENT_COLOR", "#ffb000".to_owned()));
    check(gallery).await;
}

/// Shows that the tests above would notice: the app's own page names no language.
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
