-- Up to which time something was handled, such as the times of a schedule.
CREATE TABLE mark (
    name TEXT NOT NULL PRIMARY KEY,
    time INTEGER NOT NULL -- microseconds since 1970
) STRICT, WITHOUT ROWID;
