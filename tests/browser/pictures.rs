//! Pictures of every page for people to look at, in `screenshots` in the target folder.

use std::{fs, path::PathBuf};

use crate::{
    browser::Browser,
    gallery::{Gallery, Looker},
};

/// Where the camera puts its pictures.
struct Camera(PathBuf);

impl Looker for Camera {
    async fn look(&mut self, browser: &Browser, page: &str) {
        // No cursor that blinks, and nothing marked as focused.
        browser.run("document.activeElement.blur()").await;
        for width in [360, 1280] {
            browser.resize(width, 1).await;
            let height = browser.run("return document.documentElement.scrollHeight").await;
            browser.resize(width, height.as_u64().unwrap()).await;
            for scheme in ["light", "dark"] {
                browser.prefer(scheme).await;
                let file = self.0.join(format!("{page}-{scheme}-{width}.png"));
                fs::write(file, browser.picture().await).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn pictures_of_every_page() {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let folder = target.with_file_name("screenshots");
    fs::create_dir_all(&folder).unwrap();
    Gallery::default().show(&mut Camera(folder)).await;
}
