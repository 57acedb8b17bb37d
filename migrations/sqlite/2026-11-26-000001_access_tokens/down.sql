-- Connections are opened by tokens alone, and no older program knows tokens.
UPDATE keys SET state = 'revoked', revoked_at = created_at, revoke_reason = 'opened by tokens, which are gone'
WHERE state <> 'revoked' AND id IN (SELECT key_id FROM connections);
-- Nor does it know what keys are bound to: they would open from everywhere, as the store's business.
UPDATE keys SET state = 'revoked', revoked_at = created_at, revoke_reason = 'bound to domains, networks or the sandbox'
WHERE state <> 'revoked' AND id IN (
    SELECT key_id FROM key_rules WHERE sandbox <> 0 OR domains <> '' OR networks <> ''
);
DROP TABLE authorization_codes;
DROP TABLE refresh_tokens;
DROP TABLE token_families;
DROP TABLE access_tokens;
DROP TABLE connections;
DROP TABLE oauth_clients;
DROP TABLE key_rules;
