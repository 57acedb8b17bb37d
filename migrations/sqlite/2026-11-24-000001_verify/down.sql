DROP TRIGGER key_owners_changed;
DROP TRIGGER keys_deleted;
DROP TRIGGER keys_changed;
DROP TABLE key_changes;
DROP TABLE oauth_nonces;
DROP TABLE key_secrets;
DROP TABLE key_uses;
