-- Which rows were removed, by number: a count that is kept by ranges of numbers is counted again where rows left (docs/decisions.md). `chunk`: the row's
-- number >> 10; `version`: the data version with which rows of it left last.
CREATE TABLE gateway.removed_rows (
  entity_set text COLLATE "C" NOT NULL,
  chunk bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (entity_set, chunk)
);
CREATE INDEX removed_rows_by_version ON gateway.removed_rows (entity_set, version);
GRANT SELECT ON gateway.removed_rows TO gateway_reader;

-- Programs of before go on loading for a while and note nothing. `removals_noted` is the version that was last published by one that does; after
-- `removals_since` all versions up to that one were.
ALTER TABLE gateway.set_versions ADD COLUMN removals_noted bigint, ADD COLUMN removals_since bigint;
