//! Where a logged-in person starts: what needs attention, a few of each, with the way to all of them.

use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    frame::{Frame, Section},
    key::delivered,
    key_link::{EXPIRING, KeyLink, LONG, SOON, days_before},
    key_row::KeyRow,
    life,
    moment::Moment,
};
use crate::{
    domain::{
        delivery::DeliveryState,
        key_list::{KeyFilter, KeyOrder, KeyQuery, Position, Usage},
        key_view::{KeyView, ShownState},
        timestamp::Timestamp,
        user::User,
    },
    service::{
        deliveries::{self, DeliveryFilter, DeliveryView},
        keys,
    },
    web::{
        errors::WebError,
        pages::authorize,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// How many of each are shown.
const FEW: usize = 5;

/// A key is given that many days to be used first.
const NEW: u32 = 7;

/// How far back failed deliveries are told.
const LATELY: Duration = SOON;

/// A few keys that need attention for the same reason.
struct Group {
    title: &'static str,
    why: &'static str,
    rows: Vec<KeyRow>,
    /// The list of all of them, if there are more, or may be.
    all: Option<String>,
    /// Whether looking for them stopped before the end.
    walked_far: bool,
    /// Whether each may be narrowed to reading at once.
    narrows: bool,
}

/// A delivery that failed.
struct Failed {
    what: String,
    app: String,
    host: String,
    key: String,
    at: Moment,
}

#[derive(Template)]
#[template(path = "admin/home.html")]
struct Page<'a> {
    frame: Frame<'a>,
    /// What the store's settings allow that they better did not; for who sets it up.
    warnings: Vec<&'static str>,
    groups: Vec<Group>,
    failed: Vec<Failed>,
    /// Whether more deliveries failed than are shown.
    more_failed: bool,
    has_keys: bool,
    authorize_url: String,
    keys_url: String,
}

/// `/`: the flow's dispatcher if asked so (wire.md §1.1), else the way to the start page.
pub async fn root(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let parameters = &visitor.parameters;
    if parameters.value("wc-auth-version").is_some()
        && let Some(route) = parameters.text("wc-auth-route").map(str::to_owned)
    {
        return authorize::run(visitor, &route).await;
    }
    let path = if visitor.session.is_some() { "/admin" } else { "/login" };
    Ok(respond::see_other(visitor.site.url(path)))
}

/// `/admin`: what needs attention, and how apps connect.
pub async fn home(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Overview)?;
    let any = KeyQuery { limit: 1, ..KeyQuery::default() };
    let any = keys::list(&visitor.services, &visitor.caller(), &any).await?;
    let (failed, more_failed) = failed(&visitor).await?;
    let page = Page {
        warnings: if frame.user.role.may_manage_users() {
            let of_licenses = super::licenses::settings::warning(&visitor).await?;
            let of_keys = life::warnings(&visitor.services.tokens.options);
            of_keys.into_iter().chain(of_licenses).collect()
        } else {
            Vec::new()
        },
        groups: groups(&visitor, frame.user).await?,
        failed,
        more_failed,
        has_keys: !any.keys.is_empty(),
        authorize_url: visitor.site.url("/wc-auth/v1/authorize"),
        keys_url: visitor.site.url("/.well-known/jwks.json"),
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

async fn groups(visitor: &Visitor, user: &User) -> Result<Vec<Group>, WebError> {
    let now = visitor.services.now();
    let questions = [expiring(now), in_vain(), never_used(), long_unused(now)];
    let mut groups = Vec::new();
    for question in questions {
        let group = question.ask(visitor, user).await?;
        if !group.rows.is_empty() || group.walked_far {
            groups.push(group);
        }
    }
    Ok(groups)
}

/// What makes keys need attention.
struct Question {
    title: &'static str,
    why: &'static str,
    query: KeyQuery,
    /// What of the answer is meant, where the filters say less.
    means: fn(&KeyView, Timestamp) -> bool,
    link: KeyLink,
    narrows: bool,
}

fn expiring(now: Timestamp) -> Question {
    Question {
        title: "Ending within 14 days",
        why: "Their apps stop working then, unless the keys get more time.",
        query: KeyQuery {
            filter: KeyFilter { expires_before: Some(now.plus(SOON)), ..KeyFilter::default() },
            order: KeyOrder::ExpiringFirst,
            limit: FEW + 1,
            after: None,
        },
        means: |_, _| true,
        link: KeyLink::of(&[("state", EXPIRING)]),
        narrows: false,
    }
}

fn in_vain() -> Question {
    Question {
        title: "May write, never wrote",
        why: "They are in use and only read. What is not needed can be taken away, and given back.",
        query: KeyQuery {
            filter: KeyFilter { writes_in_vain: true, ..KeyFilter::default() },
            limit: FEW + 1,
            ..KeyQuery::default()
        },
        means: |_, _| true,
        link: KeyLink::of(&[("use", "writes_in_vain")]),
        narrows: true,
    }
}

fn never_used() -> Question {
    Question {
        title: "Never used",
        why: "Made more than a week ago, and nothing came with them yet.",
        query: KeyQuery {
            filter: KeyFilter {
                usage: Some(Usage::Never),
                state: Some(ShownState::Active),
                ..KeyFilter::default()
            },
            order: KeyOrder::Oldest,
            limit: FEW + 1,
            after: None,
        },
        means: |key, now| key.created_at < days_before(now, NEW),
        link: KeyLink::of(&[("state", "active"), ("use", "never"), ("order", "oldest")]),
        narrows: false,
    }
}

fn long_unused(now: Timestamp) -> Question {
    // Those never used stand in a group of their own; however many they are, they hide nobody here.
    let after = Some(Position { order: KeyOrder::LongestUnused, value: 0, id: i64::MAX });
    Question {
        title: "Not used for 90 days",
        why: "Whoever needed them may be gone. A key nobody needs is one that somebody else may find.",
        query: KeyQuery {
            filter: KeyFilter {
                usage: Some(Usage::NotSince(now.minus(LONG))),
                state: Some(ShownState::Active),
                ..KeyFilter::default()
            },
            order: KeyOrder::LongestUnused,
            limit: FEW + 1,
            after,
        },
        means: |_, _| true,
        link: KeyLink::of(&[("state", "active"), ("use", "long_ago")]).at_place(after),
        narrows: false,
    }
}

impl Question {
    async fn ask(self, visitor: &Visitor, user: &User) -> Result<Group, WebError> {
        let now = visitor.services.now();
        let found = keys::glance(&visitor.services, &visitor.caller(), &self.query).await?;
        let meant: Vec<_> = found.keys.iter().filter(|key| (self.means)(key, now)).collect();
        let has_more = meant.len() > FEW || found.walked_far;
        // Where nothing is shown, the list goes on where this walk ended.
        let link =
            if meant.is_empty() { self.link.at_place(found.next) } else { self.link.clone() };
        let rows = meant.into_iter().take(FEW).map(|key| KeyRow::of(visitor, user, key));
        Ok(Group {
            title: self.title,
            why: self.why,
            rows: rows.collect(),
            all: has_more.then(|| visitor.site.path(&link.path())),
            walked_far: found.walked_far,
            narrows: self.narrows,
        })
    }
}

/// The last few deliveries that failed lately, and whether there are more.
async fn failed(visitor: &Visitor) -> Result<(Vec<Failed>, bool), WebError> {
    let now = visitor.services.now();
    let filter = DeliveryFilter {
        state: Some(DeliveryState::Failed),
        since: Some(now.minus(LATELY)),
        ..DeliveryFilter::default()
    };
    let page = deliveries::list(&visitor.services, &filter, None, FEW).await?;
    let view = |delivery: DeliveryView| Failed {
        what: delivered(&delivery),
        key: visitor.site.path(&format!("/admin/keys/{}", delivery.key_id)),
        at: Moment::of(delivery.ended_at.unwrap_or(delivery.created_at), now),
        app: delivery.app_name,
        host: delivery.host,
    };
    Ok((page.deliveries.into_iter().map(view).collect(), page.next.is_some()))
}
