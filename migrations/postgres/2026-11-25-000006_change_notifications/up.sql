-- When a change was written, by the server's clock: how long it takes to be heard is measured by it.
ALTER TABLE key_changes ADD COLUMN at BIGINT NOT NULL
    DEFAULT (extract(epoch FROM clock_timestamp()) * 1000)::bigint;

-- Whoever listens is told when the change is committed, once a transaction.
CREATE FUNCTION tell_key_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('appgrant_key_changes', '');
    RETURN NULL;
END $$;

CREATE TRIGGER key_changes_told AFTER INSERT ON key_changes
FOR EACH STATEMENT EXECUTE FUNCTION tell_key_changes();
