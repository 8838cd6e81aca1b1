-- Who asked for what. Written in batches beside the replies; kept for as many days as AUDIT_DAYS says.
CREATE TABLE gateway.audit_event (
  event_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  request_id   text COLLATE "C" NOT NULL,
  at           timestamptz NOT NULL,
  principal    text COLLATE "C",
  name         text COLLATE "C",
  address      text COLLATE "C" NOT NULL,
  method       text COLLATE "C" NOT NULL,
  path         text COLLATE "C" NOT NULL,
  query        text COLLATE "C" NOT NULL,
  status       integer NOT NULL,
  error_code   text COLLATE "C",
  rows         bigint,
  bytes        bigint,
  milliseconds integer NOT NULL,
  client       text COLLATE "C",
  agent        text COLLATE "C" NOT NULL
);
CREATE INDEX audit_event_at ON gateway.audit_event (at);

CREATE VIEW gateway.audit_events AS
  SELECT event_id AS "EventId", request_id AS "RequestId", at AS "At", principal AS "Principal", name AS "Name", address AS "Address",
         method AS "Method", path AS "Path", query AS "Query", status AS "Status", error_code AS "ErrorCode", rows AS "Rows", bytes AS "Bytes",
         milliseconds AS "Milliseconds", client AS "Client", agent AS "Agent", event_id AS "_row"
    FROM gateway.audit_event;
GRANT SELECT ON gateway.audit_events TO gateway_reader;
