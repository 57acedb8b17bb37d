//! Who may do what about licenses. Everybody who may log in sees them; their customers' names stand there.

use crate::domain::user::Role;

impl Role {
    /// Whether this role may make, change and take back licenses and products, take activations away, and
    /// export.
    pub const fn may_manage_licenses(self) -> bool {
        matches!(self, Self::Admin | Self::Manager)
    }

    /// Whether this role may set what holds for all licenses.
    pub const fn may_set_up_licenses(self) -> bool {
        matches!(self, Self::Admin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managers_look_after_licenses_and_admins_set_them_up() {
        assert_eq!(Role::ALL.map(Role::may_manage_licenses), [true, true, false]);
        assert_eq!(Role::ALL.map(Role::may_set_up_licenses), [true, false, false]);
    }
}
