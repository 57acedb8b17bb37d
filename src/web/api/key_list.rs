//! The list of keys over the API: all filters and orders of `domain::key_list`.

use std::time::Duration;

use super::{
    answer::{self, Answer},
    client::Client,
    described::KeyListParams,
    page::KeyList,
    query::Questions,
};
use crate::{
    domain::{
        expiry,
        key_list::{KeyFilter, KeyOrder, KeyQuery, PAGE, Position, Usage},
        key_view::ShownState,
        permissions::Permissions,
        search::Search,
        timestamp::Timestamp,
    },
    service::{
        keys,
        views::{KeyJson, words},
    },
};

/// Lists keys.
///
/// Everybody who is logged in sees all keys. No list is ever a question about all keys at once: a page
/// may be cut short (`partial`), and goes on at `next_cursor`.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", operation_id = "listKeys",
    params(KeyListParams),
    responses((status = 200, description = "A page of keys", body = KeyList)))]
pub async fn list(client: Client) -> Answer {
    let mut questions = client.questions();
    let typed = questions.text("q");
    let mut query = read(&mut questions, client.services.now());
    query.filter.text = typed.as_deref().and_then(Search::parse);
    let cursors = questions.cursors();
    questions.done()?;
    if let Some(typed) = typed {
        if let Some(id) = keys::find_typed(&client.services, &typed).await? {
            let key = keys::show(&client.services, &client.caller, id).await?;
            let data = vec![KeyJson::from(key)];
            return answer::ok(&KeyList { data, next_cursor: None, partial: false });
        }
        if query.filter.text.is_none() {
            // Signs without a word: no key has them.
            return answer::ok(&KeyList { data: Vec::new(), next_cursor: None, partial: false });
        }
    }
    let page = keys::list(&client.services, &client.caller, &query).await?;
    answer::ok(&KeyList {
        next_cursor: page.next.map(|place| cursors(place.to_cursor())),
        partial: page.walked_far,
        data: page.keys.into_iter().map(KeyJson::from).collect(),
    })
}

fn read(questions: &mut Questions, now: Timestamp) -> KeyQuery {
    let filter = filter(questions, now);
    let order = questions.word("order", words::KeyOrder::ALL, KeyOrder::parse).unwrap_or_default();
    let after = questions.place(Position::parse);
    KeyQuery { filter, order, after, limit: questions.limit(PAGE) }
}

fn filter(questions: &mut Questions, now: Timestamp) -> KeyFilter {
    let days = "must be a whole number from 1 to 36500";
    let unused_for = questions.value("unused_for_days", days, |text| {
        text.parse().ok().filter(|days| (1..=36_500).contains(days))
    });
    let never = questions.flag("never_used");
    if never && unused_for.is_some() {
        questions.note("never_used", "does not go together with unused_for_days");
    }
    let long = unused_for.map(|days: u64| now.minus(Duration::from_hours(24 * days)));
    KeyFilter {
        text: None,
        state: questions.word("state", words::KeyState::ALL, ShownState::parse),
        app_host: questions.text("callback_host"),
        owner_id: questions.id("owner_id"),
        permissions: questions.word("permissions", words::Permissions::ALL, Permissions::parse),
        usage: long.map(Usage::NotSince).or(never.then_some(Usage::Never)),
        writes_in_vain: questions.flag("write_unused"),
        expires_before: questions.value(
            "expires_before",
            "must be a day like 2027-01-31, or an instant like 2027-01-31T18:00:00Z, that is to come",
            |text| expiry::parse(text, now).ok(),
        ),
    }
}
