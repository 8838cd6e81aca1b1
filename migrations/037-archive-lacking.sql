-- What documents say of an archived set and its feed does not give, in words; null: nothing.
ALTER TABLE gateway.archive ADD COLUMN lacking text;

CREATE OR REPLACE VIEW gateway.archived_sets AS
  SELECT entity_set AS "EntitySet", source AS "Source", complete AS "Complete", watermark AS "Watermark", copied_at AS "CopiedAt",
         whole_at AS "ComparedAt", failing_since AS "FailingSince", error_code AS "ErrorCode", error_message AS "ErrorMessage",
         row_number() OVER (ORDER BY entity_set) AS "_row", lacking AS "Lacking"
    FROM gateway.archive;
