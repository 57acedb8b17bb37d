DROP TRIGGER access_tokens_deleted;
CREATE TRIGGER access_tokens_deleted AFTER DELETE ON access_tokens
WHEN OLD.revoked_at IS NULL
    AND (OLD.expires_at IS NULL OR OLD.expires_at > (julianday('now') - 2440587.5) * 86400000)
    AND NOT EXISTS (SELECT 1 FROM key_rules WHERE key_id = OLD.key_id AND tokens_over >= OLD.id)
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
END;
DROP TRIGGER token_purges_of_ended_tokens;
DROP TRIGGER token_purges_of_ended_keys;
DROP TABLE token_purges;
