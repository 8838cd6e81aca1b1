-- What became of a file, as data: until now some of it stood in the message alone. Messages are for people; nothing is decided by one.
-- `removal`: what became of stored rows that the file does not hold. `outcome_code`: why a file was refused or failed, a code of
-- docs/errors.md. `removal_message`: in words why nothing was removed, apart from the rest, so that it can go when the rows go.
ALTER TABLE gateway.load ADD COLUMN removal text COLLATE "C";
ALTER TABLE gateway.load ADD COLUMN removal_message text COLLATE "C";
ALTER TABLE gateway.load ADD COLUMN outcome_code text COLLATE "C";

-- Loads before 009 that had any message counted as such that removed nothing; of those whose message speaks of something else, and
-- which rejected no row, it is known that they did.
UPDATE gateway.load AS l
   SET removal_message = substring(message FROM '^(The file is empty, without a header: nothing was removed[.]|A newer file of the same period was loaded before: no row of this one counts[.]|Nothing was removed: the keys of [0-9]+ rejected rows are not known[.])'),
       removal = CASE
         WHEN removes THEN 'done'
         WHEN message LIKE 'The file is empty, without a header: %' THEN 'withheld-no-header'
         WHEN message LIKE 'A newer file of the same period was loaded before: %' THEN 'superseded'
         WHEN message LIKE 'Nothing was removed: the keys of %' THEN 'withheld-keyless'
         WHEN EXISTS (SELECT FROM gateway.reject r WHERE r.load_id = l.load_id) THEN 'withheld-keyless'
         ELSE 'done'
       END
 WHERE state = 'loaded';
UPDATE gateway.load SET message = nullif(ltrim(substr(message, length(removal_message) + 1)), '') WHERE removal_message IS NOT NULL;
UPDATE gateway.load SET outcome_code = coalesce(substring(message FROM '^([A-Z][A-Za-z]+): '), 'Internal') WHERE state IN ('refused', 'failed');

ALTER TABLE gateway.load DROP COLUMN removes;
-- done: the rows left, if there were any. none: the write mode removes no rows. withheld-...: rows that should leave stay, because keys
-- of rejected rows are not known, because the file has no header, or because too many would go when rejected rows were replayed.
-- superseded: a newer file of the same period was there before. pending: the load, or the rebuild that repeats it, has not come so far.
ALTER TABLE gateway.load ADD CONSTRAINT load_removal_is_known CHECK (
  CASE WHEN state = 'loaded'
    THEN coalesce(removal IN ('pending', 'done', 'none', 'withheld-keyless', 'withheld-no-header', 'withheld-too-small', 'superseded'), false)
    ELSE removal IS NULL AND removal_message IS NULL
  END);
ALTER TABLE gateway.load ADD CONSTRAINT load_outcome_has_its_code CHECK (
  CASE WHEN state IN ('refused', 'failed') THEN coalesce(outcome_code ~ '^[A-Z][A-Za-z]+$', false) ELSE outcome_code IS NULL END);

CREATE OR REPLACE VIEW gateway.loads AS
  SELECT load_id AS "LoadId", source AS "Source", export AS "Export", file_name AS "FileName", path AS "Path",
         sha256 AS "Sha256", size_bytes AS "SizeBytes", modified_at AS "ModifiedAt", state AS "State",
         encoding AS "Encoding", delimiter AS "Delimiter", period_start AS "PeriodStart", period_end AS "PeriodEnd",
         rows_read AS "RowsRead", rows_inserted AS "RowsInserted", rows_updated AS "RowsUpdated",
         rows_unchanged AS "RowsUnchanged", rows_rejected AS "RowsRejected", rows_duplicate AS "RowsDuplicate",
         rows_removed AS "RowsRemoved", started_at AS "StartedAt", finished_at AS "FinishedAt",
         nullif(concat_ws(' ', removal_message, message), '') COLLATE "C" AS "Message",
         load_id AS "_row", removal AS "Removal", outcome_code AS "OutcomeCode"
    FROM gateway.load;
