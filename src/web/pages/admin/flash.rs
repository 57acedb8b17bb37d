//! What was just done, told on the page that a form's redirect leads to.
//!
//! The address carries a code of this table, a count, or the number of a key with a tag of this session.
//! Never: a text. A link from elsewhere can at most show one of these sentences.

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

use crate::web::visitor::Visitor;

/// Every code and what it says.
const SENTENCES: [(&str, &str); 39] = [
    ("changed", "Saved."),
    ("unchanged", "Nothing was different, so nothing was changed."),
    ("narrowed", "The key may only read now."),
    ("widened", "The key may read and write again."),
    ("revoked", "The key was revoked. It opens nothing any more."),
    ("revoked_several", "The chosen keys were revoked. They open nothing any more."),
    ("revoked_app", "The app’s keys were revoked. They open nothing any more."),
    ("reassigned", "The key has another owner now."),
    ("user_made", "The user was made and can log in."),
    ("user_changed", "The user was changed."),
    ("password_set", "The password was set. The user was logged out everywhere."),
    ("user_disabled", "The user was disabled and logged out everywhere."),
    ("user_enabled", "The user can log in again."),
    ("user_deleted", "The user was deleted."),
    ("own_password", "Your password was changed. All your other sessions were ended."),
    ("session_ended", "That session was ended."),
    ("session_gone", "That session was over already."),
    ("others_ended", "All your other sessions were ended."),
    ("access_token_ended", "The token was ended, and what it is refreshed with."),
    ("access_token_over", "That token was ended already."),
    ("access_tokens_ended", "All tokens of the key were ended. They open nothing any more."),
    ("token_revoked", "The token was ended. It opens nothing any more."),
    (
        "secret_searched",
        "That was a secret or a token, so it was not searched for. Look for the consumer key \
      (ck_…) instead. If the secret stood anywhere it should not, revoke its key.",
    ),
    ("delivery_hurried", "It is being sent now. Load the page again to see how it went."),
    ("delivery_cancelled", "The delivery was called off."),
    ("delivery_over", "That delivery was over, or is being sent already."),
    ("nothing_chosen", "No key was chosen."),
    (
        "sold_key_searched",
        "That looks like a license key, so it was not searched for here. Look for it under Licenses.",
    ),
    ("key_unknown", "No key here has that consumer key."),
    ("license_unknown", "No license here has that key."),
    ("license_revoked", "The license was revoked. Its key opens nothing any more."),
    ("license_restored", "The license was restored. Programs that ask for a token get a new one."),
    ("activation_ended", "The activation was ended. Its place is free."),
    ("activation_over", "That activation was ended already."),
    ("product_made", "The product was made. Licenses can be made for it now."),
    ("product_deleted", "The product was deleted."),
    ("product_changed", "Saved. It holds for all licenses of the product."),
    (
        "store_code_changed",
        "The store has another code. Put it into the next version of your products.",
    ),
    ("store_code_ended", "The old store code is not taken any more."),
];

/// What is told.
pub struct Flash {
    /// The sentence.
    pub text: String,
    /// The number of the key whose narrowing can be taken back here.
    pub undo: Option<i64>,
}

impl Flash {
    /// What the address says was done, if it says so.
    pub fn of(visitor: &Visitor) -> Option<Self> {
        let code = visitor.parameters.text("done")?;
        let (_, text) = SENTENCES.into_iter().find(|(known, _)| *known == code)?;
        let left: Option<u32> = visitor.parameters.text("left").and_then(|n| n.parse().ok());
        let text = match left.filter(|left| *left > 0) {
            Some(left) => format!("{text} Left alone, since you may not end them: {left}."),
            None => text.to_owned(),
        };
        let undo = visitor.parameters.text("undo").and_then(|undo| checked(visitor, undo));
        Some(Self { text, undo: undo.filter(|_| code == "narrowed") })
    }
}

/// The parameter that offers to take the narrowing of a key back, to this session only.
pub fn undo(visitor: &Visitor, key: i64) -> String {
    format!("{key}.{}", tag(visitor, key))
}

fn checked(visitor: &Visitor, undo: &str) -> Option<i64> {
    let (key, sent) = undo.split_once('.')?;
    let key: i64 = key.parse().ok()?;
    let holds: bool = tag(visitor, key).as_bytes().ct_eq(sent.as_bytes()).into();
    holds.then_some(key)
}

fn tag(visitor: &Visitor, key: i64) -> String {
    let session = visitor.session.as_ref().map(|session| session.id.as_bytes());
    let parts = [b"undo narrowing", session.unwrap_or_default(), &key.to_be_bytes()];
    BASE64URL_NOPAD.encode(&visitor.services.keyring.form_tag(&parts))
}
