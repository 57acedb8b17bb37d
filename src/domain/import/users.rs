//! Who of WordPress' users is who here: a file of two columns, `wp_user_id,login`.

use std::{collections::HashMap, io::Read};

use csv::ReaderBuilder;

/// How many users are taken; a store has a handful.
const MOST: usize = 100_000;

/// A file of users that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMap {
    /// Not two columns.
    #[error("line {0} is not a WordPress user id (or login), a comma and a login")]
    Line(u64),
    /// One user is to be two.
    #[error("line {0} names a WordPress user that was named before")]
    Twice(u64),
    /// Endless.
    #[error("it has more than {MOST} lines")]
    TooLong,
    /// The system does not give it.
    #[error("it cannot be read, or is no CSV")]
    Unreadable,
}

/// Reads the file: WordPress' user id or login, and the login here. The first line may name the columns.
///
/// # Errors
/// Which line cannot be used.
pub fn read(input: impl Read) -> Result<HashMap<String, String>, BadMap> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(input.take(16 * 1024 * 1024));
    let mut map = HashMap::new();
    for (record, first) in reader.records().zip([true].into_iter().chain(std::iter::repeat(false)))
    {
        let record = record.map_err(|_| BadMap::Unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        let (theirs, ours) = match (record.get(0), record.get(1), record.len()) {
            (Some(theirs), Some(ours), 2) if !theirs.is_empty() && !ours.is_empty() => {
                (theirs, ours)
            }
            _ => return Err(BadMap::Line(line)),
        };
        if first && theirs.eq_ignore_ascii_case("wp_user_id") {
            continue;
        }
        if map.len() == MOST {
            return Err(BadMap::TooLong);
        }
        if map.insert(theirs.to_lowercase(), ours.to_owned()).is_some() {
            return Err(BadMap::Twice(line));
        }
    }
    Ok(map)
}
