-- Under which name a client's lock was taken; null if nobody was asked for one.
ALTER TABLE held_lock ADD COLUMN taker TEXT CHECK (taker IS NULL OR owner IS NOT NULL);
