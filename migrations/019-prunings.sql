-- What was removed because it is kept no longer: once for each run that removed something.
CREATE TABLE gateway.pruning (
  pruning_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pruned_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  rows_removed bigint NOT NULL,
  rejects      bigint NOT NULL,
  files        bigint NOT NULL,
  -- Rows by set, with the first moment that is kept: {"Set": {"removed": 1, "since": "2024-11-29T00:00:00.000Z"}}.
  sets         jsonb NOT NULL
);
