DROP TRIGGER key_changes_told ON key_changes;
DROP FUNCTION tell_key_changes();
ALTER TABLE key_changes DROP COLUMN at;
