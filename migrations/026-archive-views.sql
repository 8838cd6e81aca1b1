-- What is archived, and the ledger of copies, as entity sets.
CREATE VIEW gateway.archived_sets AS
  SELECT entity_set AS "EntitySet", source AS "Source", complete AS "Complete", watermark AS "Watermark", copied_at AS "CopiedAt",
         whole_at AS "ComparedAt", failing_since AS "FailingSince", error_code AS "ErrorCode", error_message AS "ErrorMessage",
         row_number() OVER (ORDER BY entity_set) AS "_row"
    FROM gateway.archive;

CREATE VIEW gateway.archive_copies AS
  SELECT copy_id AS "CopyId", entity_set AS "EntitySet", kind AS "Kind", from_time AS "FromTime", to_time AS "ToTime",
         rows_read AS "RowsRead", rows_inserted AS "RowsInserted", rows_updated AS "RowsUpdated", rows_unchanged AS "RowsUnchanged",
         rows_duplicate AS "RowsDuplicate", rows_erased AS "RowsErased", rows_purged AS "RowsPurged", rows_deleted AS "RowsDeleted",
         copied_at AS "CopiedAt", copy_id AS "_row"
    FROM gateway.archive_copy;

GRANT SELECT ON gateway.archived_sets, gateway.archive_copies TO gateway_reader;
