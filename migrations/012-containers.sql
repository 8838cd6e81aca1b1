-- Files that came inside a container (.zip, .gz): which one, by its bytes, and where in it, so that their bytes are found again when it was
-- kept. The container has a row of its own: `unpacked` where all members were taken, `refused` or `failed` where not.
ALTER TABLE gateway.load ADD COLUMN container_sha256 text COLLATE "C" CHECK (container_sha256 ~ '^[0-9a-f]{64}$');
ALTER TABLE gateway.load ADD COLUMN container_bytes bigint;
ALTER TABLE gateway.load ADD COLUMN member text COLLATE "C";
ALTER TABLE gateway.load ADD CONSTRAINT load_place_in_container_is_whole CHECK (
  num_nulls(container_sha256, container_bytes, member) IN (0, 3));
ALTER TABLE gateway.load DROP CONSTRAINT load_state_check;
ALTER TABLE gateway.load ADD CONSTRAINT load_state_check CHECK (state IN ('loaded', 'duplicate', 'refused', 'failed', 'unpacked'));

CREATE OR REPLACE VIEW gateway.loads AS
  SELECT load_id AS "LoadId", source AS "Source", export AS "Export", file_name AS "FileName", path AS "Path",
         sha256 AS "Sha256", size_bytes AS "SizeBytes", modified_at AS "ModifiedAt", state AS "State",
         encoding AS "Encoding", delimiter AS "Delimiter", period_start AS "PeriodStart", period_end AS "PeriodEnd",
         rows_read AS "RowsRead", rows_inserted AS "RowsInserted", rows_updated AS "RowsUpdated",
         rows_unchanged AS "RowsUnchanged", rows_rejected AS "RowsRejected", rows_duplicate AS "RowsDuplicate",
         rows_removed AS "RowsRemoved", started_at AS "StartedAt", finished_at AS "FinishedAt",
         nullif(concat_ws(' ', removal_message, message), '') COLLATE "C" AS "Message",
         load_id AS "_row", removal AS "Removal", outcome_code AS "OutcomeCode", member AS "Member",
         container_sha256 AS "ContainerSha256"
    FROM gateway.load;
