-- The time that a server gave for bytes when it was first asked for them is that of a file, not of all that have these bytes: exports without
-- rows are alike for every period, and each was changed at a time of its own. Times of before are noted anew.
DELETE FROM gateway.delivery_bytes;
ALTER TABLE gateway.delivery_bytes ADD COLUMN path text COLLATE "C" NOT NULL;
ALTER TABLE gateway.delivery_bytes DROP CONSTRAINT delivery_bytes_pkey;
ALTER TABLE gateway.delivery_bytes ADD PRIMARY KEY (delivery, path, sha256);
