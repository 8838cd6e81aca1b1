-- Rejected rows as work to do: what closes one, when, and by whose word. `key`: the values of the row's key as texts, in the order of the
-- key, where it could be read; `holds`: what else decides whether a row of a newer file says all that this one would. Neither is
-- served. `superseded`: a newer file brought a row of that key, so this one would change nothing. `skipped`: noted without its text, nobody's work.
ALTER TABLE gateway.reject
  ADD COLUMN key            jsonb,
  ADD COLUMN holds          jsonb,
  ADD COLUMN closed_at      timestamptz,
  ADD COLUMN closed_by      text COLLATE "C",
  ADD COLUMN closed_by_load bigint REFERENCES gateway.load,
  ADD COLUMN reason         text COLLATE "C";
ALTER TABLE gateway.reject DROP CONSTRAINT reject_state_check;
ALTER TABLE gateway.reject ADD CONSTRAINT reject_state_check
  CHECK (state IN ('open', 'replayed', 'superseded', 'dismissed', 'skipped'));
ALTER TABLE gateway.reject ADD CONSTRAINT reject_open_is_not_closed CHECK (state <> 'open' OR closed_at IS NULL);
CREATE INDEX reject_open ON gateway.reject (load_id) WHERE state = 'open';

-- A refused or failed file waits for somebody until its bytes or its name come again and are taken, or until somebody says that it is done with.
ALTER TABLE gateway.load
  ADD COLUMN settled_at     timestamptz,
  ADD COLUMN settled_by     text COLLATE "C",
  ADD COLUMN settled_reason text COLLATE "C";
CREATE INDEX load_not_taken ON gateway.load (load_id) WHERE state IN ('refused', 'failed') AND settled_at IS NULL;

CREATE OR REPLACE VIEW gateway.load_rejects AS
  SELECT reject_id AS "RejectId", load_id AS "LoadId", line AS "Line", byte_start AS "ByteStart",
         byte_end AS "ByteEnd", property AS "Property", header AS "Header", code AS "Code", message AS "Message",
         raw_text AS "RawText", state AS "State", reject_id AS "_row", closed_at AS "ClosedAt",
         closed_by_load AS "ClosedByLoadId", reason AS "Reason"
    FROM gateway.reject;
