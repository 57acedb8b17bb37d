-- What happened in an attempt, step by step, as JSON.
ALTER TABLE delivery_attempts ADD COLUMN timeline TEXT;
