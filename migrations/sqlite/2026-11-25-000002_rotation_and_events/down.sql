DROP TRIGGER other_pairs_deleted;
DROP TRIGGER other_pairs_changed;
DROP TRIGGER other_pairs_made;
DROP TRIGGER keys_changed;
CREATE TRIGGER keys_changed
AFTER UPDATE OF secret_hash, permissions, owner_id, state, opened_at, expires_at ON keys
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
END;
DROP TABLE key_warnings;
DROP TABLE replacements;
DROP TABLE other_pairs;

ALTER TABLE delivery_attempts RENAME TO old_attempts;
ALTER TABLE deliveries RENAME TO old_deliveries;
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
INSERT INTO deliveries (id, grant_id, key_id, state, sealed, attempts, failures, due_at, give_up_at, created_at, ended_at)
SELECT id, grant_id, key_id, state, sealed, attempts, failures, due_at, give_up_at, created_at, ended_at FROM old_deliveries
WHERE kind = 'keys';
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
SELECT delivery_id, number, started_at, ended_at, outcome, detail, timeline FROM old_attempts
WHERE delivery_id IN (SELECT id FROM deliveries);
DROP TABLE old_attempts;
DROP TABLE old_deliveries;
CREATE INDEX deliveries_due ON deliveries (state, due_at);
CREATE INDEX deliveries_by_key ON deliveries (key_id, id);
CREATE INDEX deliveries_by_state ON deliveries (state, id);

DROP INDEX grants_by_app_user;
ALTER TABLE grants DROP COLUMN user_start;
ALTER TABLE grants DROP COLUMN events_url;
