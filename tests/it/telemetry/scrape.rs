//! The metrics as somebody scrapes them.

use std::collections::{BTreeMap, BTreeSet};

/// One scrape.
pub struct Scrape {
    pub text: String,
    values: BTreeMap<String, f64>,
}

impl Scrape {
    /// Of the listener at that address.
    pub async fn of(address: &str) -> Self {
        let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
        assert_eq!(answer.status(), 200);
        let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
        let text = answer.text().await.unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        });
        Self { values: series.collect(), text }
    }

    /// The value of a series; zero if it is not there.
    #[expect(clippy::cast_possible_truncation, reason = "counts of tests are small")]
    pub fn value(&self, series: &str) -> i64 {
        self.values.get(series).copied().unwrap_or_default() as i64
    }

    /// Whether a series is there.
    pub fn has(&self, series: &str) -> bool {
        self.values.contains_key(series)
    }

    /// Names as `# TYPE` lines give them.
    pub fn names(&self) -> BTreeSet<String> {
        let types = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    }
}
