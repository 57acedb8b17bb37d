-- The generations of the key that signs callbacks; the keys themselves are derived and never stored.
-- Exactly one row has no retired_at: the newest, which a rotation retires.
CREATE TABLE signing_keys (
    generation BIGINT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

-- The first one is as old as the store.
INSERT INTO signing_keys (generation, created_at)
SELECT 1, COALESCE(min(created_at), CAST(extract(epoch FROM now()) * 1000 AS BIGINT)) FROM users;
