DROP INDEX token_families_revoked;
ALTER TABLE refresh_tokens DROP COLUMN parent;
