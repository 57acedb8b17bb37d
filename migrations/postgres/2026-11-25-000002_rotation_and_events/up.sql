-- A key's app can be sent more than its first keys: a new pair, and events.

ALTER TABLE grants ADD COLUMN events_url TEXT;
-- The beginning of `user_id`, which is too long for an index.
ALTER TABLE grants ADD COLUMN user_start TEXT NOT NULL DEFAULT '';
UPDATE grants SET user_start = substr(user_id, 1, 100);
CREATE INDEX grants_by_app_user ON grants (callback_host, user_start);

ALTER TABLE deliveries ADD COLUMN kind TEXT NOT NULL DEFAULT 'keys';
ALTER TABLE deliveries ALTER COLUMN kind DROP DEFAULT;
ALTER TABLE deliveries ADD COLUMN event TEXT;
ALTER TABLE deliveries ADD COLUMN details TEXT;
ALTER TABLE deliveries DROP CONSTRAINT deliveries_grant_id_key;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (kind, state, due_at);
CREATE INDEX deliveries_by_grant ON deliveries (grant_id, id);
CREATE UNIQUE INDEX deliveries_of_keys ON deliveries (grant_id) WHERE kind = 'keys';

-- The other pair that opens a key, beside its own: the next one while its app is being given it, the
-- previous one until it ends. Ended ones are kept, so that their users are told why they are refused and
-- no import takes them for new; one a key is not ended.
CREATE TABLE other_pairs (
    lookup BYTEA NOT NULL PRIMARY KEY,
    key_id BIGINT NOT NULL REFERENCES keys (id),
    secret_hash TEXT NOT NULL,
    sealed BYTEA,
    ending TEXT NOT NULL,
    role TEXT NOT NULL,
    opened_at BIGINT,
    overlap BIGINT NOT NULL,
    ends_at BIGINT
);
CREATE UNIQUE INDEX other_pairs_of_key ON other_pairs (key_id) WHERE role <> 'ended';
CREATE INDEX other_pairs_by_key ON other_pairs (key_id);
CREATE INDEX other_pairs_by_end ON other_pairs (role, ends_at);

-- Keys that end when a grant's key was delivered, and whose they were when that was approved.
CREATE TABLE replacements (
    grant_id TEXT NOT NULL REFERENCES grants (id),
    key_id BIGINT NOT NULL REFERENCES keys (id),
    owner_id BIGINT NOT NULL,
    PRIMARY KEY (grant_id, key_id)
);

-- Each warning that a key ends soon, once; another end begins anew.
CREATE TABLE key_warnings (
    key_id BIGINT NOT NULL REFERENCES keys (id),
    expires_at BIGINT NOT NULL,
    days BIGINT NOT NULL,
    PRIMARY KEY (key_id, expires_at, days)
);

-- A change of a key is a change of both its pairs.
CREATE FUNCTION note_pair_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
    INSERT INTO key_changes (lookup) SELECT NEW.lookup WHERE NEW.lookup <> OLD.lookup;
    INSERT INTO key_changes (lookup)
    SELECT lookup FROM other_pairs WHERE key_id = OLD.id AND role <> 'ended';
    RETURN NULL;
END $$;
CREATE FUNCTION note_new_pair() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO key_changes (lookup) VALUES (NEW.lookup);
    RETURN NULL;
END $$;

DROP TRIGGER keys_changed ON keys;
CREATE TRIGGER keys_changed
AFTER UPDATE OF lookup, secret_hash, permissions, owner_id, state, opened_at, expires_at ON keys
FOR EACH ROW EXECUTE FUNCTION note_pair_changes();

CREATE TRIGGER other_pairs_made AFTER INSERT ON other_pairs
FOR EACH ROW EXECUTE FUNCTION note_new_pair();

CREATE TRIGGER other_pairs_changed AFTER UPDATE OR DELETE ON other_pairs
FOR EACH ROW EXECUTE FUNCTION note_key_change();
