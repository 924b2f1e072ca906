-- A key has a row for each of its holders: those that share it, a workflow and those that it calls.
-- mode: 0 exclusive, 1 shared. Taken by an activity, if there is one; by a client, if there is an
-- owner; else by the workflow of the instance.
CREATE TABLE lock_holder (
    key TEXT NOT NULL,
    token INTEGER NOT NULL,
    mode INTEGER NOT NULL CHECK (mode IN (0, 1)),
    instance BLOB NOT NULL CHECK (length(instance) = 16),
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    activity INTEGER,
    owner TEXT,
    note TEXT,
    PRIMARY KEY (key, token),
    CHECK ((owner IS NULL) = (note IS NULL)),
    CHECK (activity IS NULL OR owner IS NULL)
) STRICT, WITHOUT ROWID;
INSERT INTO lock_holder (key, token, mode, instance, since, until, activity)
    SELECT key, token, 0, instance, since, until, 0 FROM held_lock;
DROP TABLE held_lock;
ALTER TABLE lock_holder RENAME TO held_lock;
CREATE INDEX held_lock_of_instance ON held_lock (instance);
