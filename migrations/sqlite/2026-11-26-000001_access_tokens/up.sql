-- Short-lived tokens: what they are got with, and what they are.

-- What a key's requests and tokens are bound to; a key without a row has the defaults. Tokens and
-- families up to the number in `tokens_over` are dead: all of them end with one update.
CREATE TABLE key_rules (
    key_id BIGINT NOT NULL PRIMARY KEY REFERENCES keys (id),
    sandbox BIGINT NOT NULL DEFAULT 0,
    token_seconds BIGINT,
    domains TEXT NOT NULL DEFAULT '',
    networks TEXT NOT NULL DEFAULT '',
    tokens_over BIGINT NOT NULL DEFAULT 0
);

-- Apps that are registered for the authorization code flow: each is a key that may send browsers here.
-- `redirect_uris` has one a line; a public one keeps no secret.
CREATE TABLE oauth_clients (
    key_id BIGINT NOT NULL PRIMARY KEY REFERENCES keys (id),
    name TEXT NOT NULL,
    public BIGINT NOT NULL,
    redirect_uris TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What users approved for such an app: a key of its own each, which no pair opens.
CREATE TABLE connections (
    key_id BIGINT NOT NULL PRIMARY KEY REFERENCES keys (id),
    client_id BIGINT NOT NULL REFERENCES keys (id),
    by_password BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX connections_by_client ON connections (client_id, key_id);

CREATE TABLE access_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    lookup BLOB NOT NULL UNIQUE,
    ending TEXT NOT NULL,
    key_id BIGINT NOT NULL REFERENCES keys (id),
    client_id BIGINT REFERENCES keys (id),
    family BIGINT,
    permissions TEXT NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT
);
CREATE INDEX access_tokens_by_key ON access_tokens (key_id, id);
CREATE INDEX access_tokens_by_end ON access_tokens (expires_at);
CREATE INDEX access_tokens_by_family ON access_tokens (family) WHERE family IS NOT NULL;
CREATE INDEX access_tokens_revoked ON access_tokens (revoked_at) WHERE revoked_at IS NOT NULL;

-- The tokens that came of one approval or secret, by refreshing. Its number is that of its first token.
CREATE TABLE token_families (
    id BIGINT NOT NULL PRIMARY KEY,
    key_id BIGINT NOT NULL REFERENCES keys (id),
    client_id BIGINT REFERENCES keys (id),
    permissions TEXT NOT NULL,
    seconds BIGINT,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    revoke_reason TEXT
);
CREATE INDEX token_families_by_key ON token_families (key_id, id);

CREATE TABLE refresh_tokens (
    lookup BLOB NOT NULL PRIMARY KEY,
    family BIGINT NOT NULL REFERENCES token_families (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    spent_at BIGINT
) WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family, created_at);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_spent ON refresh_tokens (spent_at) WHERE spent_at IS NOT NULL;

CREATE TABLE authorization_codes (
    lookup BLOB NOT NULL PRIMARY KEY,
    consent_id TEXT NOT NULL UNIQUE,
    client_id BIGINT NOT NULL REFERENCES keys (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    redirect_uri TEXT NOT NULL,
    redirect_sent BIGINT NOT NULL,
    challenge TEXT NOT NULL,
    permissions TEXT NOT NULL,
    key_expires_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    redeemed_at BIGINT,
    family BIGINT
) WITHOUT ROWID;
CREATE INDEX authorization_codes_by_end ON authorization_codes (expires_at);

-- Processes hear of tokens as they hear of keys: by the hash they remember them under. What is deleted
-- after its end, which is nearly all, is remembered by nobody.
CREATE TRIGGER access_tokens_changed
AFTER UPDATE OF permissions, expires_at, revoked_at, key_id, client_id ON access_tokens
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
END;
CREATE TRIGGER access_tokens_deleted AFTER DELETE ON access_tokens
WHEN OLD.revoked_at IS NULL
    AND (OLD.expires_at IS NULL OR OLD.expires_at > (julianday('now') - 2440587.5) * 86400000)
    AND NOT EXISTS (SELECT 1 FROM key_rules WHERE key_id = OLD.key_id AND tokens_over >= OLD.id)
BEGIN
    INSERT INTO key_changes (lookup) VALUES (OLD.lookup);
END;

-- Connections tell the store the app's name. An app is seldom renamed.
CREATE TRIGGER oauth_clients_renamed AFTER UPDATE OF name ON oauth_clients
WHEN NEW.name <> OLD.name
BEGIN
    INSERT INTO key_changes (lookup) VALUES (NULL);
END;

-- A key's rules are part of the key; a row that begins with the defaults changes nothing.
CREATE TRIGGER key_rules_made AFTER INSERT ON key_rules
WHEN NEW.sandbox <> 0 OR NEW.token_seconds IS NOT NULL
    OR NEW.domains <> '' OR NEW.networks <> '' OR NEW.tokens_over <> 0
BEGIN
    INSERT INTO key_changes (lookup) SELECT lookup FROM keys WHERE id = NEW.key_id;
    INSERT INTO key_changes (lookup)
    SELECT lookup FROM other_pairs WHERE key_id = NEW.key_id AND role <> 'ended';
END;
CREATE TRIGGER key_rules_changed AFTER UPDATE OF sandbox, token_seconds, domains, networks, tokens_over ON key_rules
BEGIN
    INSERT INTO key_changes (lookup) SELECT lookup FROM keys WHERE id = OLD.key_id;
    INSERT INTO key_changes (lookup)
    SELECT lookup FROM other_pairs WHERE key_id = OLD.key_id AND role <> 'ended';
END;
CREATE TRIGGER key_rules_deleted AFTER DELETE ON key_rules
BEGIN
    INSERT INTO key_changes (lookup) SELECT lookup FROM keys WHERE id = OLD.key_id;
    INSERT INTO key_changes (lookup)
    SELECT lookup FROM other_pairs WHERE key_id = OLD.key_id AND role <> 'ended';
END;
