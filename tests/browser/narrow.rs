//! What of a page cannot be seen at 320 px without scrolling sideways.

use crate::{browser::Browser, gallery::Looker};

/// The elements that reach past the window, most telling last.
const TOO_WIDE: &str = "
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > width)
        .map((element) => element.outerHTML.slice(0, 120));";

/// Measures each page.
#[derive(Default)]
pub struct Ruler {
    pub too_wide: Vec<String>,
}

impl Looker for Ruler {
    async fn look(&mut self, browser: &Browser, page: &str) {
        browser.resize(320, 640).await;
        for element in browser.run(TOO_WIDE).await.as_array().unwrap() {
            self.too_wide.push(format!("{page}: {element}"));
        }
    }
}
