CREATE TABLE moved_key_changes AS SELECT seq, lookup FROM key_changes;
DROP TABLE key_changes;
CREATE TABLE key_changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    lookup BLOB
);
INSERT INTO key_changes (seq, lookup) SELECT seq, lookup FROM moved_key_changes;
DROP TABLE moved_key_changes;
