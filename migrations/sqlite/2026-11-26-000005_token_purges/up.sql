-- Keys whose tokens are over, all of them or all up to `key_rules.tokens_over`: nobody has to look through all
-- keys and tokens for what can be deleted. Triggers write it. Rows are only added, so that nobody who ends a key
-- waits for who deletes; two rows of one key do no harm. `since` says when the key ended, 0 if its tokens alone.
CREATE TABLE token_purges (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    key_id BIGINT NOT NULL REFERENCES keys (id),
    since BIGINT NOT NULL
);
CREATE INDEX token_purges_by_time ON token_purges (since, id);

CREATE TRIGGER token_purges_of_ended_keys AFTER UPDATE OF state ON keys
WHEN NEW.state = 'revoked' AND OLD.state <> 'revoked'
BEGIN
    INSERT INTO token_purges (key_id, since) VALUES (NEW.id, COALESCE(NEW.revoked_at, 0));
END;
CREATE TRIGGER token_purges_of_ended_tokens AFTER UPDATE OF tokens_over ON key_rules
WHEN NEW.tokens_over > OLD.tokens_over
BEGIN
    INSERT INTO token_purges (key_id, since) VALUES (NEW.key_id, 0);
END;

-- As before, and what is deleted of a revoked key is told to nobody either: it opened nothing.
DROP TRIGGER access_tokens_deleted;
CREATE TRIGGER access_tokens_deleted AFTER DELETE ON access_tokens
WHEN OLD.revoked_at IS NULL
    AND (OLD.expires_at IS NULL OR OLD.expires_at > (julianday('now') - 2440587.5) * 86400000)
    AND NOT EXISTS (SELECT 1 FROM key_rules WHERE key_id = OLD.key_id AND tokens_over >= OLD.id)
    AND NOT EXISTS (SELECT 1 FROM keys WHERE id = OLD.key_id AND state = 'revoked')
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
END;

-- What ended before: after the triggers, so that nothing is missed that ends meanwhile.
INSERT INTO token_purges (key_id, since)
SELECT id, COALESCE(revoked_at, 0) FROM keys WHERE state = 'revoked' AND (
    EXISTS (SELECT 1 FROM access_tokens WHERE key_id = keys.id)
    OR EXISTS (SELECT 1 FROM token_families WHERE key_id = keys.id)
);
INSERT INTO token_purges (key_id, since) SELECT key_id, 0 FROM key_rules WHERE tokens_over > 0;
