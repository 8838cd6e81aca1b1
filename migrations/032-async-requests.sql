-- Requests that are answered later, while several gateways are there: whichever is asked for the reply knows whose it is, whether it is being made, and how to make it.
-- `request_key` is a digest of the token of the status monitor.
CREATE UNLOGGED TABLE gateway.async_request (
  request_key text COLLATE "C" PRIMARY KEY,
  owner       text COLLATE "C",
  holder      text COLLATE "C" NOT NULL,
  request     jsonb NOT NULL,
  made_by     text COLLATE "C" NOT NULL,
  running     boolean NOT NULL DEFAULT true,
  expires_at  timestamptz NOT NULL
);
