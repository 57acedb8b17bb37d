-- A store's rows, made inside the server: as many keys as :count, as many audit rows as :audit. As
-- scripts/bench-lists has them. :now is in milliseconds since 1970.
SET session_replication_role = replica; -- no triggers and no foreign keys while it is filled
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
SELECT setseed(0.7);

-- Indexes are made again at the end, which takes a third of the time.
CREATE TEMP TABLE indexes AS
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename IN ('grants', 'keys', 'key_uses', 'deliveries', 'audit')
    AND indexname NOT IN (SELECT conname FROM pg_constraint);
SELECT format('DROP INDEX %I', indexname) FROM indexes \gexec

INSERT INTO users (login, name, role, password_hash, created_at)
SELECT 'user' || n, 'User ' || n, 'manager', '', 0 FROM generate_series(2, 200) n;

CREATE TEMP TABLE words AS
SELECT row_number() OVER () - 1 AS n, word FROM regexp_split_to_table(
    'parcel label track ship stock count point sale till ledger invoice tax report mail market price '
    'review chat loyalty gift return route depot scan print export import sync backup search feed', ' ') word;

CREATE TEMP TABLE made AS
SELECT n AS id, :now - (:count - n) * (60480000000 / :count) - 86400000 AS created,
    1 + floor(200 * power(random(), 3))::bigint AS owner, random() < 0.8 AS is_app,
    CASE WHEN n = :count / 2 THEN -1 ELSE floor(2000 * power(random(), 4))::int END AS app,
    floor(31 * random())::int AS one, floor(31 * random())::int AS other,
    substr(md5(n || ' '), 1, 7) AS ending, random() < 0.6 AS is_active,
    CASE WHEN random() < 0.3
        THEN :now + floor((random() * 395 - 30) * 86400000)::bigint END AS expires,
    CASE WHEN random() < 0.3 THEN 'read' WHEN random() < 0.15 THEN 'write' ELSE 'read_write' END AS may,
    random() AS used, random() < 0.7 AS writes
FROM generate_series(1, :count) n;
UPDATE made SET is_app = true, is_active = true, expires = NULL WHERE id = :count / 2;

CREATE TEMP TABLE named AS
SELECT made.*, CASE WHEN is_app THEN lpad(to_hex(created), 12, '0') || '-7000-8000-' || lpad(to_hex(id), 12, '0')
    END AS grant_id,
    CASE WHEN app = -1 THEN 'Needle Freight' ELSE initcap(a.word) || ' ' || initcap(b.word) || ' ' || app END AS name,
    CASE WHEN app = -1 THEN 'needle.example' ELSE 'app' || app || '.example' END AS host,
    c.word || ' ' || d.word || ' script ' || id AS made_by_hand
FROM made JOIN words a ON a.n = greatest(app, 0) % 31 JOIN words b ON b.n = greatest(app, 0) / 31 % 31
JOIN words c ON c.n = one JOIN words d ON d.n = other
ORDER BY id;
UPDATE named SET grant_id = substr(grant_id, 1, 8) || '-' || substr(grant_id, 9) WHERE is_app;

INSERT INTO grants (id, app_name, user_id, user_start, return_url, callback_url, callback_host, scope,
    approved_by, created_at)
SELECT grant_id, name, '7', '7', 'https://back.example/', 'https://' || host || '/keys', host, may, owner, created
FROM named WHERE is_app ORDER BY id;

INSERT INTO keys (id, lookup, secret_hash, ending, description, permissions, owner_id, grant_id, state,
    created_at, opened_at, expires_at, revoked_at, revoke_reason)
SELECT id, sha256(('key ' || id)::bytea), '$argon2id$none', ending,
    CASE WHEN is_app THEN name || ' - API (2026-01-01 10:00:00)' ELSE made_by_hand END, may, owner, grant_id,
    CASE WHEN is_active THEN 'active' ELSE 'revoked' END, created, created, expires,
    CASE WHEN NOT is_active THEN :now - 86400000 END, CASE WHEN NOT is_active THEN 'no longer used' END
FROM named ORDER BY id;
SELECT setval(pg_get_serial_sequence('keys', 'id'), :count);

INSERT INTO key_uses (key_id, last_at, address, client, last_write_at)
SELECT id, at, CASE WHEN at > 0 THEN '192.0.2.7' ELSE '' END, CASE WHEN at > 0 THEN 'A client/1.0' END,
    CASE WHEN writes THEN at ELSE 0 END
FROM (SELECT id, writes, CASE WHEN used < 0.2 THEN 0
        ELSE created + floor((:now - created) * (used - 0.2) / 0.8)::bigint END AS at FROM named) uses
ORDER BY id;

INSERT INTO key_terms (term, key_id)
SELECT DISTINCT lower(term), id FROM named, LATERAL regexp_split_to_table(
    CASE WHEN is_app THEN name || ' api ' || ending || ' ' || replace(host, '.', ' ') || ' @' || host
    ELSE made_by_hand || ' ' || ending END, ' ') term
WHERE length(term) > 2 OR term !~ '^\d+$'
ORDER BY 1, 2;

-- One ended delivery a key on average: those of keys, and events.
INSERT INTO deliveries (id, kind, grant_id, key_id, state, attempts, failures, due_at, give_up_at,
    created_at, ended_at)
SELECT 'msg_' || grant_id, 'keys', grant_id, id, CASE WHEN random() < 0.98 THEN 'delivered' ELSE 'failed' END,
    1, 0, created, created + 900000, created, created FROM named WHERE is_app ORDER BY id;
INSERT INTO deliveries (id, kind, grant_id, key_id, state, event, details, attempts, failures, due_at,
    give_up_at, created_at, ended_at)
SELECT 'msg_e' || grant_id, 'event', grant_id, id, CASE WHEN random() < 0.9 THEN 'delivered' ELSE 'failed' END,
    'key.changed', '{}', 1, 0, created, created + 900000, created, created FROM named
WHERE is_app AND id % 4 = 0 ORDER BY id;
INSERT INTO delivery_attempts (delivery_id, number, started_at, ended_at, outcome)
SELECT id, 1, created_at, created_at + 80, 'delivered' FROM deliveries ORDER BY id;
-- And some that wait, for much later: nothing is sent while this is measured.
INSERT INTO deliveries (id, kind, grant_id, key_id, state, event, details, sealed, attempts, failures, due_at,
    give_up_at, created_at)
SELECT 'msg_w' || id, CASE WHEN id % 8 = 0 THEN 'rotation' ELSE 'event' END, grant_id, id, 'waiting',
    'key.changed', '{}', 'sealed', 1, 1, :now + 86400000 + id, :now + 8640000000, :now
FROM named WHERE is_app AND id % 50 < 1;

INSERT INTO audit (seq, at, actor, actor_id, address, event, object_kind, object_id, outcome, request_id,
    details, hash)
SELECT head.seq + n, :now - (:audit - n) * 1000::bigint, 'user2', 1 + floor(200 * random())::bigint, '192.0.2.1',
    (ARRAY['key.changed', 'key.revoked', 'session.begun', 'grant.approved', 'delivery.delivered'])
        [1 + floor(5 * random())::int],
    'key', (1 + floor(:count * random()))::bigint::text, 'done', NULL, '{}', sha256(n::text::bytea)
FROM (SELECT seq FROM audit_head) head, generate_series(1, :audit) n;
UPDATE audit_head SET seq = seq + :audit;

SELECT indexdef FROM indexes \gexec
VACUUM ANALYZE;
