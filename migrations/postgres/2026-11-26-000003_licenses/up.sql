-- License keys: what customers bought, where it is activated, and the tokens for that.

-- The one row of what holds for all of them; made with its store code at the first start.
CREATE TABLE license_settings (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    store_code TEXT NOT NULL,
    previous_code TEXT,
    previous_until BIGINT,
    needs_token BIGINT NOT NULL DEFAULT 0,
    token_seconds BIGINT NOT NULL DEFAULT 600,
    errors_by_code BIGINT NOT NULL DEFAULT 0,
    errors_in_status BIGINT NOT NULL DEFAULT 0,
    localhost_is_free BIGINT NOT NULL DEFAULT 1,
    origins TEXT NOT NULL DEFAULT '',
    page_url TEXT NOT NULL DEFAULT '',
    last_number BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 0
);

-- What is sold under a SKU; its licenses all have the newest download.
CREATE TABLE license_products (
    sku TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    download_name TEXT NOT NULL,
    download_url TEXT NOT NULL,
    desktop BIGINT NOT NULL,
    version BIGINT NOT NULL DEFAULT 0
);

-- `number` stands behind the dash of the key, `beginning` is how the key begins. `offline` is an interval
-- and a number, such as `days 7`.
CREATE TABLE licenses (
    id BIGSERIAL PRIMARY KEY,
    lookup BYTEA NOT NULL UNIQUE,
    sealed BYTEA,
    beginning TEXT NOT NULL,
    number BIGINT NOT NULL,
    sku TEXT NOT NULL REFERENCES license_products (sku),
    customer TEXT NOT NULL,
    email TEXT NOT NULL,
    cart_token TEXT NOT NULL,
    expires_at BIGINT,
    activation_limit BIGINT,
    domain_limit BIGINT,
    offline TEXT,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    version BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX licenses_by_sku ON licenses (sku, id);
CREATE INDEX licenses_by_number ON licenses (number, id);

-- The words a license is found by, as `key_terms` are those of keys.
CREATE TABLE license_terms (
    term TEXT COLLATE "C" NOT NULL,
    license_id BIGINT NOT NULL REFERENCES licenses (id),
    PRIMARY KEY (term, license_id)
);

-- How a license is used, one row each. `last_activation` is the newest id that an activation got;
-- `activations` and `domains` count those that stand. Tokens not made after `tokens_from` are dead.
CREATE TABLE license_uses (
    license_id BIGINT NOT NULL PRIMARY KEY REFERENCES licenses (id),
    tokens_from BIGINT NOT NULL DEFAULT 0,
    last_activation BIGINT NOT NULL DEFAULT 0,
    activations BIGINT NOT NULL DEFAULT 0,
    domains BIGINT NOT NULL DEFAULT 0
);

-- `domain` is empty where a product for desktops named none.
CREATE TABLE license_activations (
    license_id BIGINT NOT NULL REFERENCES licenses (id),
    id BIGINT NOT NULL,
    domain TEXT NOT NULL,
    activated_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    address TEXT,
    client TEXT,
    PRIMARY KEY (license_id, id)
);
CREATE UNIQUE INDEX license_activations_once ON license_activations (license_id, domain) WHERE domain <> '';
CREATE INDEX license_activations_by_domain ON license_activations (domain, license_id);

CREATE TABLE license_tokens (
    lookup BYTEA NOT NULL PRIMARY KEY,
    license_id BIGINT NOT NULL REFERENCES licenses (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX license_tokens_by_license ON license_tokens (license_id);
CREATE INDEX license_tokens_by_end ON license_tokens (expires_at);
