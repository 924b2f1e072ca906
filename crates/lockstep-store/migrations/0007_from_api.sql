-- Names of the published texts that came over the API, a JSON array; the others came from files.
ALTER TABLE published ADD COLUMN from_api TEXT NOT NULL DEFAULT '[]';
