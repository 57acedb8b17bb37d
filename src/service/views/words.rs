//! The words that fields may hold, for OpenAPI. The values themselves come from the domain; a test holds
//! that both are the same words.

use utoipa::ToSchema;

/// Makes an enum whose words stand in the API's description.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, ToSchema)]
        pub enum $name {
            $($(#[$case_doc])* #[schema(rename = $word)] $case,)+
        }

        impl $name {
            /// Every word.
            pub const ALL: &[&str] = &[$($word,)+];
        }
    };
}

pub(in crate::service) use words;

words! {
    /// Where a key is in its life. `delivering`: its app was not yet given it. `active`: it works.
    /// `expired`: its time is over. `revoked`: it was ended.
    KeyState {
        /// Its app was not yet given it.
        Delivering = "delivering",
        /// It works.
        Active = "active",
        /// Its time is over.
        Expired = "expired",
        /// It was ended.
        Revoked = "revoked",
    }
}

words! {
    /// What a key is to those who use it. `manual`: a person made it, or it was taken over from WooCommerce.
    /// `granted`: a user approved it for an app, whose callback it was sent to. `registered_app`: a
    /// registered app's own. `connection`: what a user approved for a registered app; tokens alone open it.
    KeyKind {
        /// A person made it, or it was taken over from WooCommerce.
        Manual = "manual",
        /// A user approved it for an app, whose callback it was sent to.
        Granted = "granted",
        /// A registered app's own.
        RegisteredApp = "registered_app",
        /// What a user approved for a registered app; tokens alone open it.
        Connection = "connection",
    }
}

words! {
    /// What a key may do: look at data, change and delete data, or both.
    Permissions {
        /// Look at data.
        Read = "read",
        /// Make, change and delete data.
        Write = "write",
        /// Both.
        ReadWrite = "read_write",
    }
}

words! {
    /// What a user may do: `admin` everything; `manager` approve apps and look after own keys and those
    /// of apps approved by that manager; `viewer` look only.
    Role {
        /// Everything.
        Admin = "admin",
        /// Approve apps and look after keys.
        Manager = "manager",
        /// Look only.
        Viewer = "viewer",
    }
}

words! {
    /// Where a delivery is. `waiting`: for its next attempt. `sending`: an attempt runs. `delivered`: the
    /// app answered 2xx. `failed`: given up. `cancelled`: called off.
    DeliveryState {
        /// Waits for its next attempt.
        Waiting = "waiting",
        /// An attempt runs.
        Sending = "sending",
        /// The app answered 2xx.
        Delivered = "delivered",
        /// Given up.
        Failed = "failed",
        /// Called off.
        Cancelled = "cancelled",
    }
}

words! {
    /// What is delivered. `keys`: a new key's pair. `rotation`: the next pair of a key. `event`: word of
    /// something that happened to a key.
    DeliveryKind {
        /// A new key's pair.
        Keys = "keys",
        /// The next pair of a key.
        Rotation = "rotation",
        /// Word of something that happened to a key.
        Event = "event",
    }
}

words! {
    /// Whether what somebody tried came about: `done`, or `refused` because it was not allowed.
    Outcome {
        /// It was done.
        Done = "done",
        /// It was not allowed.
        Refused = "refused",
    }
}

words! {
    /// Where an access token is in its life. `live`: it opens what its key opens. `expired`: its time is
    /// over. `ended`: it was ended.
    TokenState {
        /// It opens what its key opens.
        Live = "live",
        /// Its time is over.
        Expired = "expired",
        /// It was ended.
        Ended = "ended",
    }
}

words! {
    /// What an access token was got with. `client_credentials`, `authorization_code`, `refresh_token`,
    /// `password`: OAuth 2.0's grants. `secret`: the PureWL way. `person`: by regenerating.
    MadeBy {
        /// The key and its secret.
        ClientCredentials = "client_credentials",
        /// A user's approval.
        AuthorizationCode = "authorization_code",
        /// A refresh token.
        RefreshToken = "refresh_token",
        /// A user's password.
        Password = "password",
        /// The key and its secret, the PureWL way.
        Secret = "secret",
        /// A person, by regenerating.
        Person = "person",
    }
}

words! {
    /// What a key is for. `production`: the store's business. `sandbox`: trying things out.
    Environment {
        /// The store's business.
        Production = "production",
        /// Trying things out.
        Sandbox = "sandbox",
    }
}

words! {
    /// In which order keys are listed. `newest`, `oldest`: by when they were made. `recently_used`: used
    /// last first. `longest_unused`: never used ones first, then those used longest ago.
    /// `expiring_first`: those that work and end soonest.
    KeyOrder {
        /// Made last first.
        Newest = "newest",
        /// Made first first.
        Oldest = "oldest",
        /// Used last first.
        RecentlyUsed = "recently_used",
        /// Never used ones first.
        LongestUnused = "longest_unused",
        /// Those that end soonest first.
        ExpiringFirst = "expiring_first",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{self, access_token, audit, delivery, key_list, key_rules, key_view, user};

    #[test]
    fn the_description_names_the_words_of_the_domain() {
        assert_eq!(KeyState::ALL, key_view::ShownState::ALL.map(key_view::ShownState::as_str));
        assert_eq!(KeyKind::ALL, key_view::KeyKind::ALL.map(key_view::KeyKind::as_str));
        assert_eq!(Role::ALL, user::Role::ALL.map(user::Role::as_str));
        assert_eq!(KeyOrder::ALL, key_list::KeyOrder::ALL.map(key_list::KeyOrder::as_str));
        for word in Permissions::ALL {
            assert!(domain::permissions::Permissions::parse(word).is_some(), "{word}");
        }
        for word in DeliveryState::ALL {
            assert!(delivery::DeliveryState::parse(word).is_some(), "{word}");
        }
        for word in DeliveryKind::ALL {
            assert!(delivery::Kind::parse(word).is_some(), "{word}");
        }
        assert_eq!(MadeBy::ALL, access_token::MadeBy::ALL.map(access_token::MadeBy::as_str));
        for word in Environment::ALL {
            assert!(key_rules::Environment::parse(word).is_some(), "{word}");
        }
        for word in Outcome::ALL {
            assert!(audit::Outcome::parse(word).is_some(), "{word}");
        }
    }
}
