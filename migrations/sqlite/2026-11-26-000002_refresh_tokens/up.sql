-- Which refresh token was exchanged for this one: whether a spent token is forgiven is read off these rows,
-- and not off instants, which clocks of nodes do not agree on.
ALTER TABLE refresh_tokens ADD COLUMN parent BLOB;
-- Families that were ended are looked for when what is over is deleted.
CREATE INDEX token_families_revoked ON token_families (revoked_at) WHERE revoked_at IS NOT NULL;
