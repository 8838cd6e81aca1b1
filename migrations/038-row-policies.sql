-- Policies for rows that some gateway wanted, and when it did last: those that nobody wants any more are taken away (docs/security.md).
CREATE TABLE gateway.row_policy (
  token text COLLATE "C" PRIMARY KEY,
  wanted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
