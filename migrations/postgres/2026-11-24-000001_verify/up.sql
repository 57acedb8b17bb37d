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
    sealed BYTEA NOT NULL
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
    seq BIGSERIAL PRIMARY KEY,
    lookup BYTEA
);

CREATE FUNCTION note_key_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
    RETURN NULL;
END $$;

CREATE FUNCTION note_key_owner_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO key_changes (lookup) VALUES (NULL);
    RETURN NULL;
END $$;

CREATE TRIGGER keys_changed
AFTER UPDATE OF secret_hash, permissions, owner_id, state, opened_at, expires_at ON keys
FOR EACH ROW EXECUTE FUNCTION note_key_change();

CREATE TRIGGER keys_deleted AFTER DELETE ON keys
FOR EACH ROW EXECUTE FUNCTION note_key_change();

CREATE TRIGGER key_owners_changed AFTER UPDATE OF login, disabled_at ON users
FOR EACH ROW WHEN (OLD.login IS DISTINCT FROM NEW.login OR OLD.disabled_at IS DISTINCT FROM NEW.disabled_at)
EXECUTE FUNCTION note_key_owner_change();
