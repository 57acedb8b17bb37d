-- Keys taken over from WooCommerce: found by a keyed hash of WooCommerce's own hash of the consumer key. The row
-- stays when the key is found by its ordinary hash, and when it is revoked, so that no key is taken twice.
-- `key_id` is NULL only inside of the transaction that makes the key.
CREATE TABLE imported_keys (
    lookup BYTEA NOT NULL PRIMARY KEY,
    key_id BIGINT REFERENCES keys (id)
);

-- A key that is found by another hash from now on must not be remembered by the one before.
DROP TRIGGER keys_changed ON keys;
CREATE TRIGGER keys_changed
AFTER UPDATE OF lookup, secret_hash, permissions, owner_id, state, opened_at, expires_at ON keys
FOR EACH ROW EXECUTE FUNCTION note_key_change();
