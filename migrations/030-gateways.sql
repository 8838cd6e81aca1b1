-- Gateways that serve from this database, each with a row that it keeps young while it lives.
CREATE UNLOGGED TABLE gateway.instance (
  instance_id text COLLATE "C" PRIMARY KEY,
  version     text COLLATE "C" NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at     timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- Secrets that sessions of browsers are sealed with, where SIGN_IN_KEY gives none.
CREATE TABLE gateway.session_key (
  key_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  secret  text COLLATE "C" NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Sessions that ended before their time, until then.
CREATE TABLE gateway.ended_session (
  session_id text COLLATE "C" PRIMARY KEY,
  ends_at    timestamptz NOT NULL,
  noted_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
