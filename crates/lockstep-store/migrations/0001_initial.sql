-- One row in each: the state is small, hot, and read whole. Times inside bodies are microseconds.
CREATE TABLE epoch (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO epoch (only, number) VALUES (1, 0);

CREATE TABLE definitions (
    id TEXT NOT NULL PRIMARY KEY,
    sources TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- state: 0 running, 1 done, 2 failed. running: what the core needs to go on; null once it has ended.
CREATE TABLE instance (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    body TEXT NOT NULL,
    running TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX instance_running ON instance (id) WHERE state = 0;
CREATE INDEX instance_failed ON instance (id) WHERE state = 2;

-- One row for all that a batch appends; number: the first transition of the batch that it is from.
CREATE TABLE journal (
    instance BLOB NOT NULL,
    number INTEGER NOT NULL,
    entries TEXT NOT NULL,
    PRIMARY KEY (instance, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE object (
    entity TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (entity, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE unique_key (
    entity TEXT NOT NULL,
    attributes TEXT NOT NULL,
    content TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (entity, attributes, content)
) STRICT, WITHOUT ROWID;
CREATE INDEX unique_key_of_object ON unique_key (entity, id);

CREATE TABLE held_lock (
    key TEXT NOT NULL PRIMARY KEY,
    token INTEGER NOT NULL,
    instance BLOB NOT NULL CHECK (length(instance) = 16),
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
