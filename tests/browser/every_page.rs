//! Every page is fit for everybody: axe-core finds nothing wrong with it, light or dark, and nothing needs
//! scrolling sideways at 320 px; plain, and in a store's own colour for an app with the longest of names.

use crate::{
    accessibility::Axe,
    browser::Browser,
    gallery::{Gallery, Looker},
    narrow::Ruler,
};

#[tokio::test]
async fn every_page_is_fit_for_everybody() {
    check(Gallery::default()).await;
}

#[tokio::test]
async fn so_it_is_with_an_accent_colour_a_logo_and_long_names() {
    let logo = concat!(env!("CARGO_MANIFEST_DIR"), "/static/mark.svg");
    let mut gallery = Gallery {
        app_name: Box::leak("W".repeat(200).into_boxed_str()),
        callback_url: format!("https://{0}.{0}.{0}.example:8443/", "w".repeat(60)),
        ..Gallery::default()
    };
    gallery.settings.push(("STORE_LOGO", logo.to_owned()));
    gallery.settings.push(("ACCENT_COLOR", "#ffb000".to_owned()));
    check(gallery).await;
}

async fn check(gallery: Gallery) {
    let mut both = (Axe::default(), Ruler::default());
    gallery.show(&mut both).await;
    let (axe, ruler) = both;
    assert!(axe.violations.is_empty(), "{}", axe.violations.join("\n"));
    assert!(axe.pages == 0 || axe.pages > 60, "{} pages", axe.pages);
    assert!(ruler.too_wide.is_empty(), "{}", ruler.too_wide.join("\n"));
}

impl<A: Looker, B: Looker> Looker for (A, B) {
    async fn look(&mut self, browser: &Browser, page: &str) {
        self.0.look(browser, page).await;
        self.1.look(browser, page).await;
    }
}
