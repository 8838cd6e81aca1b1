-- What readers have used of their limits at all gateways together, where there are several. `tokens`: requests that may come at once; they grow by the minute's number in a minute.
CREATE UNLOGGED TABLE gateway.reader_use (
  reader     text COLLATE "C" PRIMARY KEY,
  tokens     double precision NOT NULL,
  counted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  day        date NOT NULL,
  rows       bigint NOT NULL
) WITH (fillfactor = 50);

-- Requests of a reader that a gateway is answering; gone with its gateway.
CREATE UNLOGGED TABLE gateway.reader_active (
  reader      text COLLATE "C" NOT NULL,
  instance_id text COLLATE "C" NOT NULL REFERENCES gateway.instance ON DELETE CASCADE,
  active      integer NOT NULL,
  PRIMARY KEY (reader, instance_id)
) WITH (fillfactor = 50);

-- Requests that were refused: when they may come again, and how often they came as told. `request_key` is a digest.
CREATE UNLOGGED TABLE gateway.reader_refusal (
  request_key text COLLATE "C" PRIMARY KEY,
  due_at      timestamptz NOT NULL,
  times       integer NOT NULL
);
