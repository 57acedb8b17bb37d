CREATE OR REPLACE FUNCTION note_token_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO key_changes (lookup) SELECT OLD.lookup
    WHERE NOT EXISTS (SELECT 1 FROM key_rules WHERE key_id = OLD.key_id AND tokens_over >= OLD.id);
    RETURN NULL;
END $$;
DROP TRIGGER token_purges_of_ended_tokens ON key_rules;
DROP TRIGGER token_purges_of_ended_keys ON keys;
DROP FUNCTION note_ended_tokens;
DROP FUNCTION note_ended_key;
DROP TABLE token_purges;
