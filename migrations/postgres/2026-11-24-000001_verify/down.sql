DROP TRIGGER key_owners_changed ON users;
DROP TRIGGER keys_deleted ON keys;
DROP TRIGGER keys_changed ON keys;
DROP FUNCTION note_key_owner_change();
DROP FUNCTION note_key_change();
DROP TABLE key_changes;
DROP TABLE oauth_nonces;
DROP TABLE key_secrets;
DROP TABLE key_uses;
