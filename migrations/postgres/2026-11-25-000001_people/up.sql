-- What people need to look after keys: lists, search, sessions they can end, tokens, and who did what.

-- The row of a deleted user stays, for what it approved; who it was does not.
ALTER TABLE users ADD COLUMN deleted_at BIGINT;

ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN client TEXT;

-- Each key has its row from the beginning; `last_at` 0 means never used, `last_write_at` 0 never for writing.
ALTER TABLE key_uses ADD COLUMN last_write_at BIGINT NOT NULL DEFAULT 0;
INSERT INTO key_uses (key_id, last_at, address)
SELECT id, 0, '' FROM keys WHERE id NOT IN (SELECT key_id FROM key_uses);
CREATE INDEX key_uses_by_time ON key_uses (last_at, key_id);
CREATE FUNCTION begin_unused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO key_uses (key_id, last_at, address) VALUES (NEW.id, 0, '');
    RETURN NULL;
END $$;
CREATE TRIGGER keys_begin_unused AFTER INSERT ON keys
FOR EACH ROW EXECUTE FUNCTION begin_unused();

CREATE INDEX deliveries_by_key ON deliveries (key_id, id);
CREATE INDEX deliveries_by_state ON deliveries (state, id);
CREATE INDEX grants_by_host_and_id ON grants (callback_host, id);

CREATE INDEX keys_by_owner ON keys (owner_id, id);
CREATE INDEX keys_by_state ON keys (state, id);
CREATE INDEX keys_by_permissions ON keys (permissions, id);
CREATE INDEX keys_by_expiry ON keys (state, expires_at, id);

-- The words a key is found by, and its app's host (`@host`): lists of keys in the order of their numbers.
CREATE TABLE key_terms (
    term TEXT COLLATE "C" NOT NULL,
    key_id BIGINT NOT NULL REFERENCES keys (id),
    PRIMARY KEY (term, key_id)
);

CREATE TABLE api_tokens (
    id BIGSERIAL PRIMARY KEY,
    lookup BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    ending TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id, id);

-- What a request that named an Idempotency-Key made, so that repeating it makes nothing.
CREATE TABLE idempotency_keys (
    id BYTEA NOT NULL PRIMARY KEY,
    request BYTEA NOT NULL,
    answer BYTEA,
    created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);

-- Who did what. Rows are only added; each hash covers the row and the hash before it.
CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    actor_id BIGINT,
    address TEXT,
    event TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    request_id TEXT,
    details TEXT NOT NULL,
    hash BYTEA NOT NULL
);
CREATE INDEX audit_by_object ON audit (object_kind, object_id, seq);
CREATE INDEX audit_by_actor ON audit (actor_id, seq);
CREATE INDEX audit_by_event ON audit (event, seq);

-- The end of the chain, one row: whoever adds to it holds it.
CREATE TABLE audit_head (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only added to';
END $$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();
