//! The tables, as the queries see them: the same on both databases. `migrations/` makes them.

diesel::table! {
    meta (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    // Kept by diesel's migration runner.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        login -> Text,
        email -> Nullable<Text>,
        name -> Text,
        role -> Text,
        password_hash -> Text,
        created_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (id_hash) {
        id_hash -> Binary,
        user_id -> BigInt,
        created_at -> BigInt,
        last_used_at -> BigInt,
        address -> Text,
        client -> Nullable<Text>,
    }
}

diesel::table! {
    login_failures (subject) {
        subject -> Binary,
        failures -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    grants (id) {
        id -> Text,
        app_name -> Text,
        user_id -> Text,
        return_url -> Text,
        callback_url -> Text,
        callback_host -> Text,
        scope -> Text,
        state -> Nullable<Text>,
        approved_by -> BigInt,
        created_at -> BigInt,
        events_url -> Nullable<Text>,
        user_start -> Text,
    }
}

diesel::table! {
    consents (id) {
        id -> Text,
        question -> Binary,
        decision -> Text,
        grant_id -> Nullable<Text>,
        decided_at -> BigInt,
    }
}

diesel::table! {
    keys (id) {
        id -> BigInt,
        lookup -> Binary,
        secret_hash -> Text,
        ending -> Text,
        description -> Text,
        permissions -> Text,
        owner_id -> BigInt,
        grant_id -> Nullable<Text>,
        state -> Text,
        created_at -> BigInt,
        opened_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        revoke_reason -> Nullable<Text>,
    }
}

diesel::table! {
    key_uses (key_id) {
        key_id -> BigInt,
        last_at -> BigInt,
        address -> Text,
        client -> Nullable<Text>,
        last_write_at -> BigInt,
    }
}

diesel::table! {
    // Words, and `@host`.
    key_terms (term, key_id) {
        term -> Text,
        key_id -> BigInt,
    }
}

diesel::table! {
    // Keys taken over from WooCommerce.
    imported_keys (lookup) {
        lookup -> Binary,
        key_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    key_secrets (key_id) {
        key_id -> BigInt,
        sealed -> Binary,
    }
}

diesel::table! {
    other_pairs (lookup) {
        lookup -> Binary,
        key_id -> BigInt,
        secret_hash -> Text,
        sealed -> Nullable<Binary>,
        ending -> Text,
        role -> Text,
        opened_at -> Nullable<BigInt>,
        overlap -> BigInt,
        ends_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    replacements (grant_id, key_id) {
        grant_id -> Text,
        key_id -> BigInt,
        owner_id -> BigInt,
    }
}

diesel::table! {
    key_warnings (key_id, expires_at, days) {
        key_id -> BigInt,
        expires_at -> BigInt,
        days -> BigInt,
    }
}

diesel::table! {
    oauth_nonces (key_id, nonce) {
        key_id -> BigInt,
        nonce -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    // Written by triggers.
    key_changes (seq) {
        seq -> BigInt,
        lookup -> Nullable<Binary>,
        at -> BigInt,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Text,
        kind -> Text,
        grant_id -> Text,
        key_id -> BigInt,
        state -> Text,
        sealed -> Nullable<Binary>,
        event -> Nullable<Text>,
        details -> Nullable<Text>,
        attempts -> BigInt,
        failures -> BigInt,
        due_at -> BigInt,
        give_up_at -> BigInt,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    delivery_attempts (delivery_id, number) {
        delivery_id -> Text,
        number -> BigInt,
        started_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        detail -> Nullable<Text>,
        timeline -> Nullable<Text>,
    }
}

diesel::table! {
    signing_keys (generation) {
        generation -> BigInt,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> BigInt,
        lookup -> Binary,
        name -> Text,
        ending -> Text,
        user_id -> BigInt,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        last_used_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    idempotency_keys (id) {
        id -> Binary,
        request -> Binary,
        answer -> Nullable<Binary>,
        created_at -> BigInt,
    }
}

diesel::table! {
    // Only added to; triggers see to it.
    audit (seq) {
        seq -> BigInt,
        at -> BigInt,
        actor -> Text,
        actor_id -> Nullable<BigInt>,
        address -> Nullable<Text>,
        event -> Text,
        object_kind -> Text,
        object_id -> Text,
        outcome -> Text,
        request_id -> Nullable<Text>,
        details -> Text,
        hash -> Binary,
    }
}

diesel::table! {
    // One row.
    audit_head (id) {
        id -> BigInt,
        seq -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    // Keys without a row have the defaults.
    key_rules (key_id) {
        key_id -> BigInt,
        sandbox -> BigInt,
        token_seconds -> Nullable<BigInt>,
        domains -> Text,
        networks -> Text,
        tokens_over -> BigInt,
    }
}

diesel::table! {
    oauth_clients (key_id) {
        key_id -> BigInt,
        name -> Text,
        public -> BigInt,
        redirect_uris -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    connections (key_id) {
        key_id -> BigInt,
        client_id -> BigInt,
        by_password -> BigInt,
    }
}

diesel::table! {
    access_tokens (id) {
        id -> BigInt,
        lookup -> Binary,
        ending -> Text,
        key_id -> BigInt,
        client_id -> Nullable<BigInt>,
        family -> Nullable<BigInt>,
        permissions -> Text,
        made_by -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        last_used_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    token_families (id) {
        id -> BigInt,
        key_id -> BigInt,
        client_id -> Nullable<BigInt>,
        permissions -> Text,
        seconds -> Nullable<BigInt>,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        revoke_reason -> Nullable<Text>,
    }
}

diesel::table! {
    refresh_tokens (lookup) {
        lookup -> Binary,
        family -> BigInt,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        spent_at -> Nullable<BigInt>,
        parent -> Nullable<Binary>,
    }
}

diesel::table! {
    token_purges (id) {
        id -> BigInt,
        key_id -> BigInt,
        since -> BigInt,
    }
}

diesel::table! {
    authorization_codes (lookup) {
        lookup -> Binary,
        consent_id -> Text,
        client_id -> BigInt,
        user_id -> BigInt,
        redirect_uri -> Text,
        redirect_sent -> BigInt,
        challenge -> Text,
        permissions -> Text,
        key_expires_at -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
        redeemed_at -> Nullable<BigInt>,
        family -> Nullable<BigInt>,
    }
}

diesel::table! {
    license_settings (id) {
        id -> BigInt,
        store_code -> Text,
        previous_code -> Nullable<Text>,
        previous_until -> Nullable<BigInt>,
        needs_token -> BigInt,
        token_seconds -> BigInt,
        errors_by_code -> BigInt,
        errors_in_status -> BigInt,
        localhost_is_free -> BigInt,
        origins -> Text,
        page_url -> Text,
        last_number -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    license_products (sku) {
        sku -> Text,
        name -> Text,
        download_name -> Text,
        download_url -> Text,
        desktop -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    licenses (id) {
        id -> BigInt,
        lookup -> Binary,
        sealed -> Nullable<Binary>,
        beginning -> Text,
        number -> BigInt,
        sku -> Text,
        customer -> Text,
        email -> Text,
        cart_token -> Text,
        expires_at -> Nullable<BigInt>,
        activation_limit -> Nullable<BigInt>,
        domain_limit -> Nullable<BigInt>,
        offline -> Nullable<Text>,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        version -> BigInt,
    }
}

diesel::table! {
    license_uses (license_id) {
        license_id -> BigInt,
        tokens_from -> BigInt,
        last_activation -> BigInt,
        activations -> BigInt,
        domains -> BigInt,
    }
}

diesel::table! {
    license_terms (term, license_id) {
        term -> Text,
        license_id -> BigInt,
    }
}

diesel::table! {
    license_activations (license_id, id) {
        license_id -> BigInt,
        id -> BigInt,
        domain -> Text,
        activated_at -> BigInt,
        seen_at -> BigInt,
        address -> Nullable<Text>,
        client -> Nullable<Text>,
    }
}

diesel::table! {
    license_tokens (lookup) {
        lookup -> Binary,
        license_id -> BigInt,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(keys -> users (owner_id));
diesel::joinable!(keys -> grants (grant_id));
diesel::joinable!(key_secrets -> keys (key_id));
diesel::joinable!(key_uses -> keys (key_id));
diesel::joinable!(other_pairs -> keys (key_id));
diesel::joinable!(key_rules -> keys (key_id));
diesel::joinable!(oauth_clients -> keys (key_id));
diesel::joinable!(access_tokens -> keys (key_id));
diesel::joinable!(api_tokens -> users (user_id));
diesel::joinable!(deliveries -> grants (grant_id));
diesel::allow_tables_to_appear_in_same_query!(
    users,
    sessions,
    keys,
    key_secrets,
    key_uses,
    key_terms,
    key_warnings,
    other_pairs,
    api_tokens,
    grants,
    deliveries,
    consents,
    key_rules,
    oauth_clients,
    connections,
    access_tokens,
    token_families,
    refresh_tokens
);

diesel::joinable!(licenses -> license_products (sku));
diesel::joinable!(license_uses -> licenses (license_id));
diesel::joinable!(license_tokens -> licenses (license_id));
diesel::joinable!(license_tokens -> license_uses (license_id));
diesel::allow_tables_to_appear_in_same_query!(
    licenses,
    license_products,
    license_uses,
    license_terms,
    license_activations,
    license_tokens
);
