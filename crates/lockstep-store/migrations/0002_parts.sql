-- What of the states of unfinished instances is large and does not change: `running` names it.
CREATE TABLE part (
    instance BLOB NOT NULL CHECK (length(instance) = 16),
    number INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (instance, number)
) STRICT, WITHOUT ROWID;
