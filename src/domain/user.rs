//! The people who may log in, and what their role lets them do.

use std::fmt;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin,
    /// Approve apps and look after keys.
    Manager,
    /// Look only.
    Viewer,
}

impl Role {
    /// Every role, most powerful first.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Manager, Self::Viewer];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Viewer => "viewer",
        }
    }

    /// The role of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether this role may approve an app (WooCommerce's `manage_woocommerce`).
    pub const fn may_approve(self) -> bool {
        matches!(self, Self::Admin | Self::Manager)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A login name: 1 to 60 letters, digits, `.`, `_`, `-`; compared in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login(String);

impl Login {
    /// The name, in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let fits = (1..=60).contains(&text.chars().count());
        let plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'));
        (fits && plain).then_some(Self(text))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An e-mail address, plausible in form; compared in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The address, in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@')?;
        let odd = |c: char| c.is_whitespace() || c.is_control();
        let fits = !local.is_empty() && domain.contains('.') && text.len() <= 254;
        (fits && !domain.starts_with('.') && !domain.ends_with('.') && !text.contains(odd))
            .then_some(Self(text))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user, without the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Number in the database.
    pub id: i64,
    /// Login name.
    pub login: String,
    /// The name shown on pages.
    pub name: String,
    /// E-mail address, if given.
    pub email: Option<String>,
    /// What the user may do.
    pub role: Role,
    /// Whether the user was shut out.
    pub disabled: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_plain_words() {
        assert_eq!(Login::parse(" Ada.L ").unwrap().as_str(), "ada.l");
        for text in ["", " ", "a b", "a@b.c", "a/b", "<b>", &"a".repeat(61)] {
            assert_eq!(Login::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn addresses_are_plausible() {
        assert_eq!(Email::parse("Ada@Shop.example").unwrap().as_str(), "ada@shop.example");
        for text in ["", "a", "@b.c", "a@b", "a@.c", "a@b.", "a b@c.d"] {
            assert_eq!(Email::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_admins_and_managers_approve() {
        assert_eq!(Role::ALL.map(Role::may_approve), [true, true, false]);
    }
}
