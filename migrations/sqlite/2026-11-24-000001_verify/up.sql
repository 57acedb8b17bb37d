-- What `/verify` keeps: when a key was last used, and which keys changed.
CREATE TABLE key_uses (
    key_id BIGINT NOT NULL PRIMARY KEY REFERENCES keys (id),
    last_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    client TEXT
);

-- Secrets that OAuth 1.0a needs in plain, sealed; only of keys made
-- while it was on, and until they are revoked.
CREATE TABLE key_secrets (
    key_id BIGINT NOT NULL PRIMARY KEY REFERENCES keys (id),
    sealed BLOB NOT NULL
);

-- Nonces of signed requests, until their timestamps are too old anyway.
CREATE TABLE oauth_nonces (
    key_id BIGINT NOT NULL REFERENCES keys (id),
    nonce TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (key_id, nonce)
);
CREATE INDEX oauth_nonces_by_end ON oauth_nonces (expires_at);

-- Each row tells every process to forget what it remembers of a key (of all keys, if it names none).
-- Triggers write it, so that no statement that changes what a key opens can forget to.
CREATE TABLE key_changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    lookup BLOB
);

CREATE TRIGGER keys_changed
AFTER UPDATE OF secret_hash, permissions, owner_id, state, opened_at, expires_at ON keys
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
END;

CREATE TRIGGER keys_deleted AFTER DELETE ON keys
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
END;

CREATE TRIGGER key_owners_changed AFTER UPDATE OF login, disabled_at ON users
WHEN OLD.login IS NOT NEW.login OR OLD.disabled_at IS NOT NEW.disabled_at
BEGIN
    INSERT INTO key_changes (lookup) VALUES (NULL);
END;
