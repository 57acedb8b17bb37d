DROP TRIGGER keys_changed ON keys;
CREATE TRIGGER keys_changed
AFTER UPDATE OF secret_hash, permissions, owner_id, state, opened_at, expires_at ON keys
FOR EACH ROW EXECUTE FUNCTION note_key_change();
DROP TABLE imported_keys;
