//! What is written about metrics and log lines is what there is.

use std::{collections::BTreeSet, fs, path::Path};

use super::{scrape::Scrape, story::Story};

/// Series that are there only with a server as database, or after something rare.
const NOT_HERE: [&str; 1] = ["appgrant_key_change_listener_connected"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Words in a text that look like metrics.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metrics =
        words.filter(|word| word.starts_with("appgrant_") || word.starts_with("process_"));
    metrics.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_page_names_every_metric_and_no_other() {
    let mut story = Story::begin(&[]).await;
    story.log_in().await;
    story.connect().await;
    let exposed = Scrape::of(&story.metrics).await.names();
    let rows = read("docs/metrics.md");
    let rows = rows.lines().filter(|line| line.starts_with("| `")).collect::<Vec<_>>().join("\n");
    let named: BTreeSet<_> = rows.lines().filter_map(|row| metrics_in(row).pop_first()).collect();
    let exposed: BTreeSet<_> = exposed.into_iter().chain(NOT_HERE.map(str::to_owned)).collect();
    assert_eq!(named, exposed);
}

#[tokio::test]
async fn the_dashboard_asks_for_metrics_that_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/grafana");
    let Ok(files) = fs::read_dir(folder) else { return };
    let known = metrics_in(&read("docs/metrics.md"));
    for file in files {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for asked in metrics_in(&text) {
            let name = ["_bucket", "_sum", "_count"]
                .into_iter()
                .find_map(|end| asked.strip_suffix(end))
                .filter(|name| known.contains(*name));
            assert!(name.is_some() || known.contains(&asked), "{asked} is no metric");
        }
    }
}

/// Every file under a folder.
fn files_under(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|it| if it.is_dir() { files_under(&it) } else { vec![it] }).collect()
}

#[test]
fn the_page_names_every_line_that_operators_see() {
    let page = read("docs/logging.md");
    let mut found = 0;
    for file in files_under(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let source = fs::read_to_string(&file).unwrap();
        let calls = ["info!(", "warn!(", "error!("].map(|level| format!("tracing::{level}"));
        for call in calls.iter().flat_map(|call| source.split(call.as_str()).skip(1)) {
            // What stands behind a colon or semicolon is left out on the page where it is long.
            let message = call.split('"').nth(1).unwrap();
            let message = message.split(['{', ':', ';']).next().unwrap().trim();
            assert!(page.contains(&format!("`{message}")), "{}: {message}", file.display());
            found += 1;
        }
    }
    assert!(found > 30, "{found} lines were found");
}
