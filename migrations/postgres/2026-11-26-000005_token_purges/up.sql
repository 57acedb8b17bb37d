-- Keys whose tokens are over, all of them or all up to `key_rules.tokens_over`: nobody has to look through all
-- keys and tokens for what can be deleted. Triggers write it. Rows are only added, so that nobody who ends a key
-- waits for who deletes; two rows of one key do no harm. `since` says when the key ended, 0 if its tokens alone.
CREATE TABLE token_purges (
    id BIGSERIAL PRIMARY KEY,
    key_id BIGINT NOT NULL REFERENCES keys (id),
    since BIGINT NOT NULL
);
CREATE INDEX token_purges_by_time ON token_purges (since, id);

CREATE FUNCTION note_ended_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO token_purges (key_id, since) VALUES (NEW.id, COALESCE(NEW.revoked_at, 0));
    RETURN NULL;
END $$;
CREATE TRIGGER token_purges_of_ended_keys AFTER UPDATE OF state ON keys
FOR EACH ROW WHEN (NEW.state = 'revoked' AND OLD.state <> 'revoked') EXECUTE FUNCTION note_ended_key();
CREATE FUNCTION note_ended_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO token_purges (key_id, since) VALUES (NEW.key_id, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER token_purges_of_ended_tokens AFTER UPDATE OF tokens_over ON key_rules
FOR EACH ROW WHEN (NEW.tokens_over > OLD.tokens_over) EXECUTE FUNCTION note_ended_tokens();

-- As before, and what is deleted of a revoked key is told to nobody either: it opened nothing.
CREATE OR REPLACE FUNCTION note_token_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO key_changes (lookup) SELECT OLD.lookup
    WHERE NOT EXISTS (SELECT 1 FROM key_rules WHERE key_id = OLD.key_id AND tokens_over >= OLD.id)
    AND NOT EXISTS (SELECT 1 FROM keys WHERE id = OLD.key_id AND state = 'revoked');
    RETURN NULL;
END $$;

-- What ended before: after the triggers, so that nothing is missed that ends meanwhile.
INSERT INTO token_purges (key_id, since)
SELECT id, COALESCE(revoked_at, 0) FROM keys WHERE state = 'revoked' AND (
    EXISTS (SELECT 1 FROM access_tokens WHERE key_id = keys.id)
    OR EXISTS (SELECT 1 FROM token_families WHERE key_id = keys.id)
);
INSERT INTO token_purges (key_id, since) SELECT key_id, 0 FROM key_rules WHERE tokens_over > 0;
