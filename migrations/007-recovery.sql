-- Where a file was read from on this machine, to find its bytes again: no part of the feed. `again_of`: the load of the same
-- bytes that this one repeats on request, in whose place among all files it stands.
ALTER TABLE gateway.load ADD COLUMN origin text COLLATE "C";
ALTER TABLE gateway.load ADD COLUMN again_of bigint REFERENCES gateway.load;
DROP INDEX gateway.load_same_bytes_once;
CREATE UNIQUE INDEX load_same_bytes_once ON gateway.load (source, export, sha256, period_start, period_end, file_time, again_of)
  NULLS NOT DISTINCT WHERE state = 'loaded';
-- The headers that the metadata of each export knew last, as JSON: cells kept in Extras under a header that is new to it are
-- put into their property at the next start. `gone`: headers that it knew once, each with the last load that knew it.
CREATE TABLE gateway.known_headers (
  source  text COLLATE "C" NOT NULL,
  export  text COLLATE "C" NOT NULL,
  headers jsonb NOT NULL,
  gone    jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (source, export)
);
