-- Instants are milliseconds since 1970 in UTC. Nothing secret stands here in plain: keys and session
-- ids as keyed hashes, passwords and secrets as Argon2id, deliveries sealed.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    login TEXT NOT NULL UNIQUE,
    email TEXT UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE sessions (
    id_hash BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE login_failures (
    subject BLOB NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX login_failures_by_time ON login_failures (last_at);

CREATE TABLE grants (
    id TEXT NOT NULL PRIMARY KEY,
    app_name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    return_url TEXT NOT NULL,
    callback_url TEXT NOT NULL,
    callback_host TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT,
    approved_by BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX grants_by_callback_host ON grants (callback_host);

-- One row a decision; its id is the consent page's, so that a page decides once.
CREATE TABLE consents (
    id TEXT NOT NULL PRIMARY KEY,
    question BLOB NOT NULL,
    decision TEXT NOT NULL,
    grant_id TEXT REFERENCES grants (id),
    decided_at BIGINT NOT NULL
);
CREATE INDEX consents_by_question ON consents (question, decided_at);

CREATE TABLE keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    lookup BLOB NOT NULL UNIQUE,
    secret_hash TEXT NOT NULL,
    ending TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES users (id),
    grant_id TEXT REFERENCES grants (id),
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    opened_at BIGINT,
    expires_at BIGINT,
    revoked_at BIGINT,
    revoke_reason TEXT
);
CREATE INDEX keys_by_grant ON keys (grant_id);

CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL UNIQUE REFERENCES grants (id),
    key_id BIGINT NOT NULL REFERENCES keys (id),
    state TEXT NOT NULL,
    sealed BLOB,
    attempts BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX deliveries_due ON deliveries (state, due_at);

CREATE TABLE delivery_attempts (
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    number BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT,
    detail TEXT,
    PRIMARY KEY (delivery_id, number)
);
