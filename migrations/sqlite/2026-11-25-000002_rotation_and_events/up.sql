-- A key's app can be sent more than its first keys: a new pair, and events.

ALTER TABLE grants ADD COLUMN events_url TEXT;
-- The beginning of `user_id`, which is too long for an index.
ALTER TABLE grants ADD COLUMN user_start TEXT NOT NULL DEFAULT '';
UPDATE grants SET user_start = substr(user_id, 1, 100);
CREATE INDEX grants_by_app_user ON grants (callback_host, user_start);

-- A column cannot lose its UNIQUE here, so both tables are made anew.
ALTER TABLE delivery_attempts RENAME TO old_attempts;
ALTER TABLE deliveries RENAME TO old_deliveries;
CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    grant_id TEXT NOT NULL REFERENCES grants (id),
    key_id BIGINT NOT NULL REFERENCES keys (id),
    state TEXT NOT NULL,
    sealed BLOB,
    event TEXT,
    details TEXT,
    attempts BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
INSERT INTO deliveries (id, kind, grant_id, key_id, state, sealed, attempts, failures, due_at, give_up_at, created_at, ended_at)
SELECT id, 'keys', grant_id, key_id, state, sealed, attempts, failures, due_at, give_up_at, created_at, ended_at FROM old_deliveries;
CREATE TABLE delivery_attempts (
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    number BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT,
    detail TEXT,
    timeline TEXT,
    PRIMARY KEY (delivery_id, number)
);
INSERT INTO delivery_attempts (delivery_id, number, started_at, ended_at, outcome, detail, timeline)
SELECT delivery_id, number, started_at, ended_at, outcome, detail, timeline FROM old_attempts;
DROP TABLE old_attempts;
DROP TABLE old_deliveries;
CREATE INDEX deliveries_due ON deliveries (kind, state, due_at);
CREATE INDEX deliveries_by_key ON deliveries (key_id, id);
CREATE INDEX deliveries_by_state ON deliveries (state, id);
CREATE INDEX deliveries_by_grant ON deliveries (grant_id, id);
CREATE UNIQUE INDEX deliveries_of_keys ON deliveries (grant_id) WHERE kind = 'keys';

-- The other pair that opens a key, beside its own: the next one while its app is being given it, the
-- previous one until it ends. Ended ones are kept, so that their users are told why they are refused and
-- no import takes them for new; one a key is not ended.
CREATE TABLE other_pairs (
    lookup BLOB NOT NULL PRIMARY KEY,
    key_id BIGINT NOT NULL REFERENCES keys (id),
    secret_hash TEXT NOT NULL,
    sealed BLOB,
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
DROP TRIGGER keys_changed;
CREATE TRIGGER keys_changed
AFTER UPDATE OF lookup, secret_hash, permissions, owner_id, state, opened_at, expires_at ON keys
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
    INSERT INTO key_changes (lookup) SELECT NEW.lookup WHERE NEW.lookup <> OLD.lookup;
    INSERT INTO key_changes (lookup)
    SELECT lookup FROM other_pairs WHERE key_id = OLD.id AND role <> 'ended';
END;

CREATE TRIGGER other_pairs_made AFTER INSERT ON other_pairs
BEGIN
    INSERT INTO key_changes (lookup) VALUES (NEW.lookup);
END;

CREATE TRIGGER other_pairs_changed AFTER UPDATE ON other_pairs
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
END;

CREATE TRIGGER other_pairs_deleted AFTER DELETE ON other_pairs
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
END;
