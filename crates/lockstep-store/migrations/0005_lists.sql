-- People look for instances by workflow and by who started them: these stand in front of the body,
-- which may be long, so that they are read without it.
CREATE TABLE instance_listed (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    workflow TEXT NOT NULL,
    started_by TEXT NOT NULL,
    body TEXT NOT NULL,
    running TEXT,
    start_key TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO instance_listed (id, state, workflow, started_by, body, running, start_key)
    SELECT id, state, coalesce(body ->> '$.workflow', ''), coalesce(body ->> '$.started_by', ''),
        body, running, start_key
    FROM instance;
DROP TABLE instance;
ALTER TABLE instance_listed RENAME TO instance;
CREATE INDEX instance_running ON instance (id) WHERE state = 0;
CREATE INDEX instance_failed ON instance (id) WHERE state = 2;
CREATE INDEX instance_by_start_key ON instance (start_key) WHERE start_key IS NOT NULL;
CREATE INDEX instance_of_workflow ON instance (workflow, id);
CREATE INDEX instance_started_by ON instance (started_by, id);

-- Which definitions were published last over the API, and when, in microseconds.
CREATE TABLE published (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    definitions TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;
