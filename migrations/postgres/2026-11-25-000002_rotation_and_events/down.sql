DROP TRIGGER keys_changed ON keys;
CREATE TRIGGER keys_changed
AFTER UPDATE OF secret_hash, permissions, owner_id, state, opened_at, expires_at ON keys
FOR EACH ROW EXECUTE FUNCTION note_key_change();
DROP FUNCTION note_pair_changes();
DROP TABLE key_warnings;
DROP TABLE replacements;
DROP TABLE other_pairs;
DROP FUNCTION note_new_pair();

DELETE FROM delivery_attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE kind <> 'keys');
DELETE FROM deliveries WHERE kind <> 'keys';
DROP INDEX deliveries_of_keys;
DROP INDEX deliveries_by_grant;
DROP INDEX deliveries_due;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_grant_id_key UNIQUE (grant_id);
ALTER TABLE deliveries DROP COLUMN details;
ALTER TABLE deliveries DROP COLUMN event;
ALTER TABLE deliveries DROP COLUMN kind;
CREATE INDEX deliveries_due ON deliveries (state, due_at);

DROP INDEX grants_by_app_user;
ALTER TABLE grants DROP COLUMN user_start;
ALTER TABLE grants DROP COLUMN events_url;
