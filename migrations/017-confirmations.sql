-- What unchanged rows were stated by last, kept beside them: a load that says of rows what is stored notes here that it did, and writes none
-- of them. Of a row, and of each cell with newness of its own (`cell`: its column, '' for the row), at most one entry has it; one that is not
-- newer than the row itself says nothing. `chunk`: the row's number >> 13; `rows`: its last 13 bits. `line` stands for the lines of the file up
-- to the next one that was rejected: 0, or one more than the last rejected line before them.
CREATE TABLE gateway.confirmation (
  entity_set text COLLATE "C" NOT NULL,
  chunk bigint NOT NULL,
  cell text COLLATE "C" NOT NULL,
  load_id bigint NOT NULL,
  line integer NOT NULL,
  file_time timestamptz NOT NULL,
  rows int4multirange NOT NULL,
  PRIMARY KEY (entity_set, chunk, cell, load_id, line)
);
CREATE INDEX confirmation_by_time ON gateway.confirmation (entity_set, file_time);
