-- What the gateway needs beside the tables made from metadata/: which files were loaded, what was not taken, what changed.

CREATE SCHEMA IF NOT EXISTS feed;

-- Roles belong to the whole server: another database of it may have made this one already, or is making it now.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gateway_reader') THEN
    BEGIN
      CREATE ROLE gateway_reader NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;
    END;
  END IF;
  IF NOT pg_has_role(current_user, 'gateway_reader', 'SET') THEN
    GRANT gateway_reader TO CURRENT_USER WITH SET TRUE, INHERIT FALSE;
  END IF;
END $$;

GRANT USAGE ON SCHEMA feed, gateway TO gateway_reader;

CREATE TABLE gateway.load (
  load_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source         text COLLATE "C",
  export         text COLLATE "C",
  file_name      text COLLATE "C" NOT NULL,
  path           text COLLATE "C" NOT NULL,
  sha256         text COLLATE "C" NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes     bigint NOT NULL,
  modified_at    timestamptz,
  state          text COLLATE "C" NOT NULL CHECK (state IN ('loaded', 'duplicate', 'refused', 'failed')),
  encoding       text COLLATE "C",
  delimiter      text COLLATE "C",
  period_start   timestamptz,
  period_end     timestamptz,
  rows_read      bigint NOT NULL DEFAULT 0,
  rows_inserted  bigint NOT NULL DEFAULT 0,
  rows_updated   bigint NOT NULL DEFAULT 0,
  rows_unchanged bigint NOT NULL DEFAULT 0,
  rows_rejected  bigint NOT NULL DEFAULT 0,
  rows_duplicate bigint NOT NULL DEFAULT 0,
  -- Rows of earlier loads that left the feed with this one; not part of the sum.
  rows_removed   bigint NOT NULL DEFAULT 0,
  started_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at    timestamptz,
  message        text COLLATE "C",
  CONSTRAINT load_every_row_is_accounted_for CHECK (
    state <> 'loaded'
    OR rows_read = rows_inserted + rows_updated + rows_unchanged + rows_rejected + rows_duplicate
  ),
  CONSTRAINT load_names_its_export CHECK (state <> 'loaded' OR (source IS NOT NULL AND export IS NOT NULL))
);

-- The same bytes are loaded once, under whatever name they come.
CREATE UNIQUE INDEX load_same_bytes_once ON gateway.load (source, export, sha256) WHERE state = 'loaded';
CREATE INDEX load_by_sha256 ON gateway.load (sha256);

CREATE TABLE gateway.reject (
  reject_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  load_id    bigint NOT NULL REFERENCES gateway.load,
  line       bigint,
  byte_start bigint,
  byte_end   bigint,
  property   text COLLATE "C",
  header     text COLLATE "C",
  code       text COLLATE "C" NOT NULL,
  message    text COLLATE "C" NOT NULL,
  raw_text   text COLLATE "C",
  state      text COLLATE "C" NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'dismissed'))
);

CREATE INDEX reject_by_load ON gateway.reject (load_id);

CREATE TABLE gateway.drift (
  drift_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  load_id  bigint NOT NULL REFERENCES gateway.load,
  source   text COLLATE "C" NOT NULL,
  export   text COLLATE "C" NOT NULL,
  header   text COLLATE "C" NOT NULL,
  kind     text COLLATE "C" NOT NULL,
  sample   text COLLATE "C"
);

CREATE INDEX drift_by_load ON gateway.drift (load_id);

-- The data version of each entity set: raised by one in every load that changes it.
CREATE TABLE gateway.set_versions (
  entity_set text COLLATE "C" PRIMARY KEY,
  version    bigint NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL DEFAULT now()
);

-- Keys of rows that left the feed, for delta links and ETags.
CREATE TABLE gateway.tombstones (
  entity_set text COLLATE "C" NOT NULL,
  key        jsonb NOT NULL,
  version    bigint NOT NULL,
  deleted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (entity_set, version, key)
);

-- The ledger as entity sets of the feed. A view runs with its owner's rights: the reader needs none on the tables.
CREATE VIEW gateway.loads AS
  SELECT load_id AS "LoadId", source AS "Source", export AS "Export", file_name AS "FileName", path AS "Path",
         sha256 AS "Sha256", size_bytes AS "SizeBytes", modified_at AS "ModifiedAt", state AS "State",
         encoding AS "Encoding", delimiter AS "Delimiter", period_start AS "PeriodStart", period_end AS "PeriodEnd",
         rows_read AS "RowsRead", rows_inserted AS "RowsInserted", rows_updated AS "RowsUpdated",
         rows_unchanged AS "RowsUnchanged", rows_rejected AS "RowsRejected", rows_duplicate AS "RowsDuplicate",
         rows_removed AS "RowsRemoved", started_at AS "StartedAt", finished_at AS "FinishedAt", message AS "Message",
         load_id AS "_row"
    FROM gateway.load;

CREATE VIEW gateway.load_rejects AS
  SELECT reject_id AS "RejectId", load_id AS "LoadId", line AS "Line", byte_start AS "ByteStart",
         byte_end AS "ByteEnd", property AS "Property", header AS "Header", code AS "Code", message AS "Message",
         raw_text AS "RawText", state AS "State", reject_id AS "_row"
    FROM gateway.reject;

CREATE VIEW gateway.load_drift AS
  SELECT drift_id AS "DriftId", load_id AS "LoadId", source AS "Source", export AS "Export", header AS "Header",
         kind AS "Kind", sample AS "Sample", drift_id AS "_row"
    FROM gateway.drift;

GRANT SELECT ON gateway.loads, gateway.load_rejects, gateway.load_drift, gateway.set_versions, gateway.tombstones
  TO gateway_reader;
