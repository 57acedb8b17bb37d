//! Lists of keys (`domain::key_list`): a walk along one index, which ends after a bounded number of
//! steps.
//!
//! A search walks the lists of keys that have a word; everything else walks keys by number, by last use
//! or by expiry. What other filters ask is looked at on the way. Where that could pass many keys over,
//! `floor` is found first: the place where the walk must end.

use diesel::{
    dsl::{InnerJoinQuerySource, exists},
    prelude::*,
    sql_types::Bool,
};
use diesel_async::RunQueryDsl;

use super::{Backend, Conn, key_terms, key_views};
use crate::{
    db::{
        DbError,
        schema::{key_terms as terms, key_uses, keys},
        word_index::Gathered,
    },
    domain::{
        key::KeyState,
        key_list::{KeyFilter, KeyOrder, KeyPage, KeyQuery, PAGE, Position, Usage, WalkBounds},
        key_view::ShownState,
        permissions::Permissions,
        search,
        timestamp::Timestamp,
    },
};

type Listed = InnerJoinQuerySource<keys::table, key_uses::table>;
type Condition = Box<dyn BoxableExpression<Listed, Backend, SqlType = Bool>>;

/// What a walk is ordered by, and the key's number.
type Step = (i64, i64, Option<i64>);

/// A part of the list that the query asks for, found within those bounds.
pub async fn page(
    conn: &mut Conn,
    now: Timestamp,
    query: &KeyQuery,
    bounds: WalkBounds,
) -> Result<KeyPage, DbError> {
    let mut filter = query.filter.clone();
    let order = query.after.map_or(query.order.fitting(&filter), |after| after.order);
    if order == KeyOrder::ExpiringFirst {
        filter.expires_before.get_or_insert(Timestamp::from_millis(i64::MAX));
    }
    let limit = if query.limit == 0 { PAGE } else { query.limit };
    let words = words_of(conn, &filter, bounds.words).await?;
    let mut walk = Walk { now, filter, order, after: query.after, limit, bounds };
    let found = match words {
        Words::None => walk.along_keys(conn).await?,
        Words::Impossible => Steps::default(),
        Words::All(words) => walk.along_words(conn, words, &query.filter).await?,
    };
    let is_full = found.steps.len() > limit;
    let last = found.steps.iter().take(limit).next_back();
    let next = if is_full { last.map(|step| walk.order.place(step)) } else { found.floor };
    let ids: Vec<i64> = found.steps.iter().take(limit).map(|step| step.1).collect();
    let keys = key_views::by_ids(conn, now, &ids).await?;
    Ok(KeyPage { keys, next, walked_far: !is_full && found.floor.is_some(), order: walk.order })
}

/// What a walk found, one more than asked for if there is more; and where it ended early, if it did.
#[derive(Default)]
struct Steps {
    steps: Vec<Step>,
    floor: Option<Position>,
}

/// For each word of a search the stored words with that beginning.
enum Words {
    /// No word is asked for.
    None,
    /// No key has one of the words.
    Impossible,
    /// These.
    All(Vec<Vec<String>>),
}

async fn words_of(conn: &mut Conn, filter: &KeyFilter, most: usize) -> Result<Words, DbError> {
    let mut all = Vec::new();
    if let Some(host) = &filter.app_host {
        all.push(vec![search::host_term(host)]);
    }
    for beginning in filter.text.iter().flat_map(search::Search::beginnings) {
        let words = key_terms::beginning_with(conn, beginning, None, most).await?;
        if words.is_empty() {
            return Ok(Words::Impossible);
        }
        all.push(words);
    }
    Ok(if all.is_empty() { Words::None } else { Words::All(all) })
}

struct Walk {
    now: Timestamp,
    filter: KeyFilter,
    order: KeyOrder,
    after: Option<Position>,
    limit: usize,
    bounds: WalkBounds,
}

impl Walk {
    /// Along the keys themselves.
    async fn along_keys(&self, conn: &mut Conn) -> Result<Steps, DbError> {
        let (indexed, rest) = self.indexed();
        // Among those that are stored as active some are expired, each of which is passed over.
        let is_mixed = indexed.state == Some(ShownState::Active);
        let is_bounded = rest == KeyFilter::default() && !is_mixed;
        let floor = if is_bounded { None } else { self.floor(conn, &indexed).await? };
        let conditions = || {
            let mut all = by_index(self.now, &indexed);
            all.extend(by_looking(self.now, &rest));
            all.extend(is_mixed.then(|| unexpired(self.now)));
            all.extend(floor.map(|floor| self.order.until(floor)));
            all
        };
        let steps = self.steps(conn, conditions, 0, self.limit + 1).await?;
        Ok(Steps { steps, floor })
    }

    /// Along the keys that have the rarest of the words.
    async fn along_words(
        &mut self,
        conn: &mut Conn,
        mut words: Vec<Vec<String>>,
        asked: &KeyFilter,
    ) -> Result<Steps, DbError> {
        // In the order of numbers the walk begins at the cursor; in any other, all must be known.
        let by_number = self.order == KeyOrder::Newest;
        let mut rarest = 0;
        let mut gathered: Option<Gathered> = None;
        let most = (self.bounds.of_a_word, self.bounds.of_all_words);
        for (number, beginning) in words.iter().enumerate() {
            let below = self.after.filter(|_| by_number).map_or(i64::MAX, |after| after.id);
            let found = key_terms::gather(conn, beginning, below, most).await?;
            if gathered.as_ref().is_none_or(|least| found.ids.len() < least.ids.len()) {
                (rarest, gathered) = (number, Some(found));
            }
        }
        let Gathered { ids, floor } = gathered.unwrap_or_default();
        if floor.is_some() && !by_number {
            // Too many to be sorted: the newest are shown.
            self.order = KeyOrder::Newest;
            self.filter = asked.clone();
        }
        words.swap_remove(rarest);
        let conditions = || {
            let mut all = by_looking(self.now, &self.filter);
            all.extend(words.iter().cloned().map(has_one_of));
            all.push(Box::new(keys::id.eq_any(ids.clone())));
            all
        };
        let steps = self.steps(conn, conditions, 0, self.limit + 1).await?;
        let place = |id| Position { order: self.order, value: 0, id };
        Ok(Steps { steps, floor: floor.map(place) })
    }

    /// The part of the filter that leads along an index in this order, and the rest.
    fn indexed(&self) -> (KeyFilter, KeyFilter) {
        let KeyFilter { state, owner_id, permissions, usage, expires_before, .. } = self.filter;
        let none = KeyFilter::default();
        let mut rest = self.filter.clone();
        let indexed = match (self.order, usage) {
            (KeyOrder::ExpiredLast | KeyOrder::ExpiringFirst, _) => {
                rest.expires_before = None;
                let expired = rest.state.take_if(|state| *state == ShownState::Expired);
                KeyFilter { state: expired, expires_before, ..none }
            }
            (_, Some(Usage::Never)) => {
                rest.usage = None;
                KeyFilter { usage, ..none }
            }
            (KeyOrder::RecentlyUsed | KeyOrder::LongestUnused, _) => KeyFilter { usage, ..none },
            _ if owner_id.is_some() => {
                rest.owner_id = None;
                KeyFilter { owner_id, ..none }
            }
            _ if state.is_some() => {
                rest.state = None;
                KeyFilter { state, ..none }
            }
            _ => {
                rest.permissions = None;
                KeyFilter { permissions, ..none }
            }
        };
        (indexed, rest)
    }

    async fn floor(
        &self,
        conn: &mut Conn,
        indexed: &KeyFilter,
    ) -> Result<Option<Position>, DbError> {
        let conditions = || by_index(self.now, indexed);
        let found = self.steps(conn, conditions, self.bounds.keys, 1).await?;
        Ok(found.into_iter().next().map(|step| self.order.place(&step)))
    }

    /// `limit` steps after `offset` others.
    async fn steps(
        &self,
        conn: &mut Conn,
        conditions: impl Fn() -> Vec<Condition>,
        offset: i64,
        limit: usize,
    ) -> Result<Vec<Step>, DbError> {
        let mut steps = Vec::new();
        for part in self.order.parts_after(self.after) {
            let mut rows = keys::table
                .inner_join(key_uses::table)
                .select((key_uses::last_at, keys::id, keys::expires_at))
                .into_boxed::<Backend>();
            for condition in conditions().into_iter().chain(part) {
                rows = rows.filter(condition);
            }
            let by_number = !matches!(self.filter.usage, Some(Usage::Never));
            rows = match self.order {
                KeyOrder::Newest if by_number => rows.order(keys::id.desc()),
                KeyOrder::Newest => rows.order(key_uses::key_id.desc()),
                KeyOrder::Oldest if by_number => rows.order(keys::id.asc()),
                KeyOrder::Oldest => rows.order(key_uses::key_id.asc()),
                KeyOrder::RecentlyUsed => {
                    rows.order((key_uses::last_at.desc(), key_uses::key_id.desc()))
                }
                KeyOrder::LongestUnused => {
                    rows.order((key_uses::last_at.asc(), key_uses::key_id.asc()))
                }
                KeyOrder::ExpiringFirst => rows.order((keys::expires_at.asc(), keys::id.asc())),
                KeyOrder::ExpiredLast => rows.order((keys::expires_at.desc(), keys::id.desc())),
            };
            let room = limit - steps.len();
            let most = i64::try_from(room).unwrap_or(i64::MAX);
            let found: Vec<Step> = rows.offset(offset).limit(most).load(conn).await?;
            steps.extend(found);
            if steps.len() >= limit {
                break;
            }
        }
        Ok(steps)
    }
}

fn has_one_of(words: Vec<String>) -> Condition {
    Box::new(exists(
        terms::table.filter(terms::key_id.eq(keys::id)).filter(terms::term.eq_any(words)),
    ))
}

/// What leads along an index. One of these at a time.
fn by_index(now: Timestamp, filter: &KeyFilter) -> Vec<Condition> {
    let mut all: Vec<Condition> = Vec::new();
    if let Some(owner_id) = filter.owner_id {
        all.push(Box::new(keys::owner_id.eq(owner_id)));
    }
    if let Some(permissions) = filter.permissions {
        all.push(Box::new(keys::permissions.eq(permissions.as_str())));
    }
    let ends = keys::expires_at.assume_not_null();
    if let Some(state) = filter.state {
        all.push(Box::new(keys::state.eq(stored(state).as_str())));
        if state == ShownState::Expired {
            all.push(Box::new(ends.le(now.as_millis())));
        }
    }
    match filter.usage {
        Some(Usage::Never) => all.push(Box::new(key_uses::last_at.eq(0))),
        Some(Usage::NotSince(time)) => all.push(Box::new(key_uses::last_at.lt(time.as_millis()))),
        None => {}
    }
    if let Some(before) = filter.expires_before {
        all.push(Box::new(keys::state.eq(KeyState::Active.as_str())));
        all.push(Box::new(ends.gt(now.as_millis()).and(ends.le(before.as_millis()))));
    }
    all
}

/// What is looked at on the way. Written so that no index fits (`|| ''`, `+ 0`): a database without
/// statistics takes an index for any equality, and then sorts what may be half of all keys.
fn by_looking(now: Timestamp, filter: &KeyFilter) -> Vec<Condition> {
    let mut all: Vec<Condition> = Vec::new();
    if let Some(owner_id) = filter.owner_id {
        all.push(Box::new((keys::owner_id + 0).eq(owner_id)));
    }
    let are = |permissions: Permissions| keys::permissions.concat("").eq(permissions.as_str());
    if let Some(permissions) = filter.permissions {
        all.push(Box::new(are(permissions)));
    }
    let is_stored = |state: ShownState| keys::state.concat("").eq(stored(state).as_str());
    if let Some(state) = filter.state {
        all.push(Box::new(is_stored(state)));
        match state {
            ShownState::Active => all.push(unexpired(now)),
            ShownState::Expired => all.push(ends_between(0, now.as_millis())),
            ShownState::Delivering | ShownState::Revoked => {}
        }
    }
    if filter.writes_in_vain {
        all.push(Box::new(are(Permissions::ReadWrite)));
        all.push(Box::new(is_stored(ShownState::Active)));
        all.push(Box::new((key_uses::last_write_at + 0).eq(0).and((key_uses::last_at + 0).gt(0))));
        all.push(unexpired(now));
    }
    match filter.usage {
        Some(Usage::Never) => all.push(Box::new((key_uses::last_at + 0).eq(0))),
        Some(Usage::NotSince(time)) => {
            let time = time.as_millis();
            all.push(Box::new((key_uses::last_at + 0).lt(time).and(keys::created_at.lt(time))));
        }
        None => {}
    }
    if let Some(before) = filter.expires_before {
        all.push(Box::new(is_stored(ShownState::Active)));
        all.push(ends_between(now.as_millis(), before.as_millis()));
    }
    all
}

fn stored(state: ShownState) -> KeyState {
    match state {
        ShownState::Delivering => KeyState::Delivering,
        ShownState::Active | ShownState::Expired => KeyState::Active,
        ShownState::Revoked => KeyState::Revoked,
    }
}

/// Ends after the one and not after the other.
fn ends_between(after: i64, until: i64) -> Condition {
    let ends = (keys::expires_at + 0).assume_not_null();
    Box::new(ends.gt(after).and(ends.le(until)))
}

fn unexpired(now: Timestamp) -> Condition {
    let ends = (keys::expires_at + 0).assume_not_null();
    Box::new(keys::expires_at.is_null().or(ends.gt(now.as_millis())))
}

/// How orders meet places.
trait Places {
    /// The place of a step.
    fn place(self, step: &Step) -> Position;
    /// What comes after a place.
    fn after(self, place: Position) -> Condition;
    /// The same in parts, each of which an index leads to at once.
    fn parts_after(self, place: Option<Position>) -> Vec<Option<Condition>>;
    /// What comes no later than a place.
    fn until(self, place: Position) -> Condition;
}

impl Places for KeyOrder {
    fn place(self, &(last_at, id, expires_at): &Step) -> Position {
        let value = match self {
            Self::Newest | Self::Oldest => 0,
            Self::RecentlyUsed | Self::LongestUnused => last_at,
            Self::ExpiringFirst | Self::ExpiredLast => expires_at.unwrap_or_default(),
        };
        Position { order: self, value, id }
    }

    fn after(self, Position { value, id, .. }: Position) -> Condition {
        let (used, ends) = (key_uses::last_at, keys::expires_at.assume_not_null());
        match self {
            Self::Newest => Box::new(keys::id.lt(id).and(key_uses::key_id.lt(id))),
            Self::Oldest => Box::new(keys::id.gt(id).and(key_uses::key_id.gt(id))),
            Self::RecentlyUsed => {
                Box::new(used.le(value).and(used.lt(value).or(key_uses::key_id.lt(id))))
            }
            Self::LongestUnused => {
                Box::new(used.ge(value).and(used.gt(value).or(key_uses::key_id.gt(id))))
            }
            Self::ExpiringFirst => Box::new(ends.ge(value).and(ends.gt(value).or(keys::id.gt(id)))),
            Self::ExpiredLast => Box::new(ends.le(value).and(ends.lt(value).or(keys::id.lt(id)))),
        }
    }

    fn parts_after(self, place: Option<Position>) -> Vec<Option<Condition>> {
        let used = key_uses::last_at;
        match (self, place) {
            // Never used keys are many at one and the same place.
            (Self::LongestUnused, Some(Position { value: 0, id, .. })) => vec![
                Some(Box::new(used.eq(0).and(key_uses::key_id.gt(id)))),
                Some(Box::new(used.gt(0))),
            ],
            (Self::RecentlyUsed, Some(Position { value: 0, id, .. })) => {
                vec![Some(Box::new(used.eq(0).and(key_uses::key_id.lt(id))))]
            }
            _ => vec![place.map(|place| self.after(place))],
        }
    }

    fn until(self, Position { value, id, .. }: Position) -> Condition {
        let (used, ends) = (key_uses::last_at, keys::expires_at.assume_not_null());
        match self {
            Self::Newest => Box::new(keys::id.ge(id).and(key_uses::key_id.ge(id))),
            Self::Oldest => Box::new(keys::id.le(id).and(key_uses::key_id.le(id))),
            Self::RecentlyUsed => {
                Box::new(used.ge(value).and(used.gt(value).or(key_uses::key_id.ge(id))))
            }
            Self::LongestUnused => {
                Box::new(used.le(value).and(used.lt(value).or(key_uses::key_id.le(id))))
            }
            Self::ExpiringFirst => Box::new(ends.le(value).and(ends.lt(value).or(keys::id.le(id)))),
            Self::ExpiredLast => Box::new(ends.ge(value).and(ends.gt(value).or(keys::id.ge(id)))),
        }
    }
}
