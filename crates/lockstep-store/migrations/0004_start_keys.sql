-- A start may have a key, so that whoever asks again under it gets the same instance.
ALTER TABLE instance ADD COLUMN start_key TEXT;
CREATE INDEX instance_by_start_key ON instance (start_key) WHERE start_key IS NOT NULL;
