//! The list of keys: looked for, narrowed, put in order, part by part; and several ended at once.
//!
//! What is looked for is sent as a form and not in an address, since people paste what they have: a whole
//! consumer key leads to its screen, and neither it nor a secret ever stands in an address or a log.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    choice::{Choice, choices},
    frame::{Frame, Section, field, go},
    key_link::{EXPIRING, FILTERS, KeyLink},
    key_row::{KeyRow, state_text},
};
use crate::{
    domain::{
        key_list::{KeyOrder, KeyPage},
        key_view::ShownState,
        permissions::Permissions,
        secret_like,
        user::User,
    },
    service::{keys, users},
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// A filter that is on, and the list without it.
struct Chip {
    text: String,
    href: String,
}

#[derive(Template)]
#[template(path = "admin/key_list.html")]
#[expect(clippy::struct_excessive_bools, reason = "a template asks for each by itself")]
struct Page<'a> {
    frame: Frame<'a>,
    link: &'a KeyLink,
    rows: Vec<KeyRow>,
    chips: Vec<Chip>,
    states: Vec<Choice>,
    uses: Vec<Choice>,
    permissions: Vec<Choice>,
    owners: Vec<Choice>,
    orders: Vec<Choice>,
    order_text: &'static str,
    other_order: bool,
    next: Option<String>,
    first: Option<String>,
    walked_far: bool,
    may_create: bool,
    may_revoke_some: bool,
}

/// A part of the list.
pub async fn list(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Keys)?;
    let link = KeyLink::read(&visitor.parameters);
    let question = link.question(visitor.services.now());
    let found = keys::list(&visitor.services, &visitor.caller(), &question).await?;
    let users = users::list(&visitor.services).await?;
    let rows: Vec<_> = found.keys.iter().map(|key| KeyRow::of(&visitor, frame.user, key)).collect();
    let page = Page {
        chips: chips(&visitor, &link, &users),
        states: states(&link),
        uses: choices(&USES, link.text("use")),
        permissions: permissions(link.text("permissions")),
        owners: owners(&users, link.text("owner")),
        orders: choices(&ORDERS, link.text("order")),
        order_text: order_text(found.order),
        other_order: found.order != question.order,
        next: next(&visitor, &link, &found),
        first: link.is_later_part().then(|| visitor.site.path(&link.at_place(None).path())),
        walked_far: found.walked_far,
        may_create: frame.user.role.may_create_keys(),
        may_revoke_some: rows.iter().any(|row| row.may.revoke()),
        rows,
        link: &link,
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// Takes the form above the list: on to the list so asked for, or to the key somebody pasted.
pub async fn search(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let typed = field(&visitor, "q").trim();
    let link = KeyLink::read(&visitor.parameters).at_place(None);
    if secret_like::has_secret(typed) {
        return Ok(go(&visitor, "/admin/keys?done=secret_searched"));
    }
    if secret_like::sold_keys(typed).next().is_some() {
        return Ok(go(&visitor, "/admin/keys?done=sold_key_searched"));
    }
    if typed.starts_with("ck_") {
        let path = match keys::find_typed(&visitor.services, typed).await? {
            Some(id) => format!("/admin/keys/{id}"),
            None => "/admin/keys?done=key_unknown".to_owned(),
        };
        return Ok(go(&visitor, &path));
    }
    Ok(go(&visitor, &link.path()))
}

fn next(visitor: &Visitor, link: &KeyLink, found: &KeyPage) -> Option<String> {
    found.next.map(|next| visitor.site.path(&link.at_place(Some(next)).path()))
}

const USES: [(&str, &str); 4] = [
    ("", "Used or not"),
    ("never", "Never used"),
    ("long_ago", "Not used for 90 days"),
    ("writes_in_vain", "May write, never wrote"),
];

const ORDERS: [(&str, &str); 5] = [
    ("newest", "Newest first"),
    ("oldest", "Oldest first"),
    ("recently_used", "Last used first"),
    ("longest_unused", "Longest unused first"),
    ("expiring_first", "Ending soonest first"),
];

const fn order_text(order: KeyOrder) -> &'static str {
    match order {
        KeyOrder::Newest => "newest first",
        KeyOrder::Oldest => "oldest first",
        KeyOrder::RecentlyUsed => "last used first",
        KeyOrder::LongestUnused => "longest unused first",
        KeyOrder::ExpiringFirst => "ending soonest first",
        KeyOrder::ExpiredLast => "last expired first",
    }
}

fn states(link: &KeyLink) -> Vec<Choice> {
    let all = ShownState::ALL.map(|state| (state.as_str(), state_text(state)));
    let mut all = all.to_vec();
    all.insert(0, ("", "Any state"));
    all.push((EXPIRING, "Ends within 14 days"));
    choices(&all, link.text("state"))
}

fn permissions(chosen: &str) -> Vec<Choice> {
    let all = [Permissions::Read, Permissions::Write, Permissions::ReadWrite];
    let mut all = all.map(|one| (one.as_str(), one.title())).to_vec();
    all.insert(0, ("", "Any permissions"));
    choices(&all, chosen)
}

/// The users as owners to choose from, "anybody" first.
fn owners(users: &[User], chosen: &str) -> Vec<Choice> {
    let mut all = choices(&[("", "Anybody")], chosen);
    all.extend(users.iter().map(|user| Choice {
        value: user.id.to_string(),
        text: named(user),
        is_chosen: user.id.to_string() == chosen,
    }));
    all
}

/// A user as one is told from others.
pub fn named(user: &User) -> String {
    if user.name.eq_ignore_ascii_case(&user.login) {
        user.name.clone()
    } else {
        format!("{} ({})", user.name, user.login)
    }
}

fn chips(visitor: &Visitor, link: &KeyLink, users: &[User]) -> Vec<Chip> {
    let on = FILTERS.into_iter().filter(|name| !link.text(name).is_empty());
    let chip = |name| {
        let chosen = |all: Vec<Choice>| {
            let chosen = all.into_iter().find(|choice| choice.is_chosen);
            chosen.map_or_else(|| link.text(name).to_owned(), |choice| choice.text)
        };
        let text = match name {
            "q" => format!("“{}”", link.text("q")),
            "state" => chosen(states(link)),
            "use" => chosen(choices(&USES, link.text("use"))),
            "permissions" => chosen(permissions(link.text("permissions"))),
            "owner" => format!("Owner: {}", chosen(owners(users, link.text("owner")))),
            _ => format!("App: {}", link.text(name)),
        };
        Chip { text, href: visitor.site.path(&link.without(name).path()) }
    };
    on.map(chip).collect()
}
