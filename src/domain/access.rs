//! Who may do what to a key: the one table of roles, actions and ties.
//!
//! Why so: WooCommerce asks whether somebody may edit the user a key shall belong to, and forgets the one
//! it belongs to; so a manager can take an administrator's key over by its number. Here every change asks
//! about the key as it is. Widening what a key may do, or for how long, is for its owner and for admins
//! only: whoever approved an app may end and narrow its key, and not lend it more of somebody else's
//! standing. Giving a key to somebody else is for admins.

use super::user::Role;

/// What somebody wants to do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAction {
    /// Look at it.
    See,
    /// Change its description.
    Describe,
    /// Take permissions or time away.
    Narrow,
    /// Give permissions or time.
    Widen,
    /// End it.
    Revoke,
    /// Give it a new secret.
    Rotate,
    /// End its tokens.
    Tokens,
    /// Make a token by hand, which lends whoever makes it the owner's standing.
    MakeToken,
    /// Give it another owner.
    Reassign,
}

impl KeyAction {
    /// Every action.
    pub const ALL: [Self; 9] = [
        Self::See,
        Self::Describe,
        Self::Narrow,
        Self::Widen,
        Self::Revoke,
        Self::Rotate,
        Self::Tokens,
        Self::MakeToken,
        Self::Reassign,
    ];
}

/// What ties somebody to a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ties {
    /// The key acts for this very user.
    pub owns: bool,
    /// This very user approved the app it was made for.
    pub approved: bool,
}

/// Whether somebody of that role, so tied to the key, may do it.
pub const fn may(role: Role, action: KeyAction, ties: Ties) -> bool {
    match (role, action) {
        (Role::Admin, _) | (_, KeyAction::See) => true,
        (Role::Viewer, _) | (Role::Manager, KeyAction::Reassign) => false,
        (Role::Manager, KeyAction::Widen | KeyAction::MakeToken) => ties.owns,
        (
            Role::Manager,
            KeyAction::Describe
            | KeyAction::Narrow
            | KeyAction::Revoke
            | KeyAction::Rotate
            | KeyAction::Tokens,
        ) => ties.owns || ties.approved,
    }
}

/// What else a role opens.
impl Role {
    /// Whether this role may make a key for itself.
    pub const fn may_create_keys(self) -> bool {
        self.may_approve()
    }

    /// Whether this role may make and change users, and make keys for others.
    pub const fn may_manage_users(self) -> bool {
        matches!(self, Self::Admin)
    }

    /// Whether this role may read who did what.
    pub const fn may_read_audit(self) -> bool {
        matches!(self, Self::Admin | Self::Manager)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table: what each role may do to a key with no tie, one it approved, one it owns.
    #[test]
    fn roles_actions_and_ties() {
        use KeyAction::{
            Describe, MakeToken, Narrow, Reassign, Revoke, Rotate, See, Tokens, Widen,
        };
        let foreign = Ties::default();
        let approved = Ties { approved: true, ..foreign };
        let owned = Ties { owns: true, ..foreign };
        let table = [
            (Role::Manager, See, [true, true, true]),
            (Role::Manager, Describe, [false, true, true]),
            (Role::Manager, Narrow, [false, true, true]),
            (Role::Manager, Widen, [false, false, true]),
            (Role::Manager, Revoke, [false, true, true]),
            (Role::Manager, Rotate, [false, true, true]),
            (Role::Manager, Tokens, [false, true, true]),
            (Role::Manager, MakeToken, [false, false, true]),
            (Role::Manager, Reassign, [false, false, false]),
        ];
        for (role, action, expected) in table {
            let found = [foreign, approved, owned].map(|ties| may(role, action, ties));
            assert_eq!(found, expected, "{role} {action:?}");
        }
        for action in KeyAction::ALL {
            for ties in [foreign, approved, owned] {
                assert!(may(Role::Admin, action, ties));
                assert_eq!(may(Role::Viewer, action, ties), action == See);
            }
        }
    }
}
