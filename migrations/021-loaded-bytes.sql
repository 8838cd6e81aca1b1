-- The digest of a file's bytes as they were loaded, where they were written anew since because somebody was erased; null: they are as they were. Two files
-- that differed in nothing but what was erased have the same bytes afterwards, and stay two loads.
ALTER TABLE gateway.load ADD COLUMN loaded_sha256 text COLLATE "C" CHECK (loaded_sha256 ~ '^[0-9a-f]{64}$');
DROP INDEX gateway.load_same_bytes_once;
CREATE UNIQUE INDEX load_same_bytes_once ON gateway.load (source, export, (coalesce(loaded_sha256, sha256)), period_start, period_end, file_time, again_of)
  NULLS NOT DISTINCT WHERE state = 'loaded';
