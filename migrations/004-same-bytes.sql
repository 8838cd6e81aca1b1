-- The same bytes may say something new: of another period, or at a later time than a file that said something else. A
-- load looks for them itself, under the lock of its set; this index finds them, and still refuses the very same load twice.
DROP INDEX gateway.load_same_bytes_once;
CREATE UNIQUE INDEX load_same_bytes_once ON gateway.load (source, export, sha256, period_start, period_end, file_time)
  NULLS NOT DISTINCT WHERE state = 'loaded';
