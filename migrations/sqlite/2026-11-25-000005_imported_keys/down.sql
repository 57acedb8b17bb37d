DROP TRIGGER keys_changed;
CREATE TRIGGER keys_changed
AFTER UPDATE OF secret_hash, permissions, owner_id, state, opened_at, expires_at ON keys
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
END;
DROP TABLE imported_keys;
