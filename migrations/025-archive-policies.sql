-- What became of the personal data of archived rows, by property: {"name": "hash"}; properties that are kept are left out.
ALTER TABLE gateway.archive ADD COLUMN policies jsonb NOT NULL DEFAULT '{}';
