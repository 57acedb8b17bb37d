//! What stands in PostgreSQL, read past the nodes; and whether two attempts ever ran at once.

use std::{collections::BTreeMap, time::Duration};

use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use crate::{
    app::Callback,
    left_behind::{GRANTS, Grant},
};

const FAULTS: &str = "
    SELECT 'grants, deliveries, keys and decisions are not equally many' AS line WHERE
        (SELECT count(*) FROM grants) <> (SELECT count(*) FROM deliveries WHERE kind = 'keys') OR
        (SELECT count(*) FROM grants) <> (SELECT count(*) FROM keys WHERE grant_id IS NOT NULL) OR
        (SELECT count(*) FROM grants) <> (SELECT count(DISTINCT grant_id) FROM consents)";

const ATTEMPTS: &str = "
    SELECT delivery_id AS id, count(*) AS number FROM delivery_attempts GROUP BY delivery_id";

/// Attempts whose time a node wrote down, and during which another began. One clock, so no skew.
const OVERLAPS: &str = "
    SELECT 'attempts ' || a.number || ' and ' || b.number || ' of ' || a.delivery_id AS line
    FROM delivery_attempts a JOIN delivery_attempts b
        ON b.delivery_id = a.delivery_id AND b.number > a.number
    WHERE a.ended_at IS NOT NULL AND b.started_at < a.ended_at";

/// How far the end of a connection may be behind, on this side of it.
const SLACK: Duration = Duration::from_millis(20);

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Attempts {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// All grants, oldest first.
pub async fn grants(url: &str) -> Vec<Grant> {
    sql_query(GRANTS).load(&mut open(url).await).await.unwrap()
}

/// What is wrong with the database as a whole.
pub async fn faults(url: &str) -> Vec<String> {
    lines(url, FAULTS).await
}

/// Attempts at one delivery that ran at once, or were sent more often than they were claimed.
pub async fn double_attempts(url: &str, callbacks: &[Callback]) -> Vec<String> {
    let mut broken = lines(url, OVERLAPS).await;
    let claimed: Vec<Attempts> = sql_query(ATTEMPTS).load(&mut open(url).await).await.unwrap();
    let claimed: BTreeMap<_, _> = claimed.into_iter().map(|row| (row.id, row.number)).collect();
    let mut by_id: BTreeMap<&str, Vec<&Callback>> = BTreeMap::new();
    for callback in callbacks {
        by_id.entry(&callback.webhook_id).or_default().push(callback);
    }
    for (id, mut sent) in by_id {
        let most = claimed.get(id).copied().unwrap_or_default();
        if i64::try_from(sent.len()).unwrap() > most {
            broken.push(format!("{id} was sent {} times, which is more than claimed", sent.len()));
        }
        sent.sort_by_key(|callback| callback.began);
        for pair in sent.windows(2) {
            let over = pair[0].ended.is_some_and(|ended| ended < pair[1].began + SLACK);
            if !over {
                broken.push(format!("two attempts at {id} ran at once"));
            }
        }
    }
    broken
}

async fn lines(url: &str, query: &str) -> Vec<String> {
    let lines: Vec<Line> = sql_query(query).load(&mut open(url).await).await.unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

async fn open(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url).await.unwrap()
}
