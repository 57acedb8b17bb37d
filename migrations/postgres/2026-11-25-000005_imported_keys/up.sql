-- Keys taken over from WooCommerce: found by a keyed hash of WooCommerce's own hash of the consumer key. The row
-- stays when the key is found by its ordinary hash, and when it is revoked, so that no key is taken twice.
-- `key_id` is NULL only inside of the transaction that makes the key.
CREATE TABLE imported_keys (
    lookup BYTEA NOT NULL PRIMARY KEY,
    key_id BIGINT REFERENCES keys (id)
);
