-- Persons that were taken out, as digests with a key that is not here: a later file, a replay or a rebuild does not bring them back.
CREATE TABLE gateway.erasure (
  erasure_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  erased_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- null: in all sources.
  source       text COLLATE "C",
  rows_removed bigint NOT NULL DEFAULT 0,
  rows_emptied bigint NOT NULL DEFAULT 0,
  rejects      bigint NOT NULL DEFAULT 0,
  files        bigint NOT NULL DEFAULT 0,
  -- Rows by set: {"Set": {"removed": 1, "emptied": 2}}.
  sets         jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE gateway.erased_token (
  erasure_id bigint NOT NULL REFERENCES gateway.erasure,
  digest     text COLLATE "C" NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
  sieve      integer NOT NULL,
  words      integer NOT NULL,
  PRIMARY KEY (erasure_id, digest)
);
-- Kept files that were written anew without somebody: which one a file with the former bytes is.
CREATE TABLE gateway.rewritten_file (
  former_sha256 text COLLATE "C" PRIMARY KEY,
  sha256        text COLLATE "C" NOT NULL
);
CREATE INDEX rewritten_file_by_sha256 ON gateway.rewritten_file (sha256);
