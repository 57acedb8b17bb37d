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
        for width in [360, 1280] {
            browser.show_whole(width).await;
            for scheme in ["light", "dark"] {
                browser.prefer(scheme).await;
                let file = self.0.join(format!("{page}-{scheme}-{width}.png"));
                fs::write(file, browser.picture().await).unwrap();
            }
        }
    }
}

#[tokio::test]
#[ignore = "a minute of pictures that nobody looks at here: scripts/pictures"]
async fn pictures_of_every_page() {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let folder = target.with_file_name("screenshots");
    fs::create_dir_all(&folder).unwrap();
    Gallery::default().show(&mut Camera(folder)).await;
}
