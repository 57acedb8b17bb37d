//! No page needs scrolling sideways at 320 px, whatever an app calls itself.

use crate::{
    browser::Browser,
    gallery::{Gallery, Looker},
};

/// The elements that reach past the window, most telling last.
const TOO_WIDE: &str = "
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > width)
        .map((element) => element.outerHTML.slice(0, 120));";

#[derive(Default)]
struct Ruler {
    too_wide: Vec<String>,
}

impl Looker for Ruler {
    async fn look(&mut self, browser: &Browser, page: &str) {
        browser.resize(320, 640).await;
        for element in browser.run(TOO_WIDE).await.as_array().unwrap() {
            self.too_wide.push(format!("{page}: {element}"));
        }
    }
}

async fn check(gallery: Gallery) {
    let mut ruler = Ruler::default();
    gallery.show(&mut ruler).await;
    assert!(ruler.too_wide.is_empty(), "{}", ruler.too_wide.join("\n"));
}

#[tokio::test]
async fn no_page_scrolls_sideways_at_320_pixels() {
    check(Gallery::default()).await;
}

#[tokio::test]
async fn no_page_scrolls_sideways_for_long_names() {
    let gallery = Gallery {
        app_name: Box::leak("W".repeat(200).into_boxed_str()),
        callback_url: format!("https://{0}.{0}.{0}.example:8443/", "w".repeat(60)),
        ..Gallery::default()
    };
    check(gallery).await;
}
