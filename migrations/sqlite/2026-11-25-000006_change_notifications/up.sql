-- When a change was written: how long it takes to be heard is measured by it. SQLite adds no column
-- whose default is computed, so the table is made anew, under its name, which triggers hold. Its numbers
-- go on after the newest row, which is always kept: every process remembers how far it read.
CREATE TABLE moved_key_changes AS SELECT seq, lookup FROM key_changes;
DROP TABLE key_changes;
CREATE TABLE key_changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    lookup BLOB,
    at BIGINT NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
);
INSERT INTO key_changes (seq, lookup) SELECT seq, lookup FROM moved_key_changes;
DROP TABLE moved_key_changes;
