-- What somebody should be told of, written in the transaction in which it happens: it is told once that is committed, survives a restart, and
-- one of several gateways sends it. `message_id` stays the same however often it is sent. `pending`: to be sent, from `next_attempt_at` on.
-- `sent`: somebody took it. `digested`: part of the alert `digest_id`. `kept`: there was no address to send it to. `given-up`: nobody took it for days.
CREATE TABLE gateway.alert (
  alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  kind text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z]+([.][a-z]+)*$'),
  source text COLLATE "C",
  export text COLLATE "C",
  details jsonb NOT NULL,
  raised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  state text COLLATE "C" NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'digested', 'kept', 'given-up')),
  attempts integer NOT NULL DEFAULT 0,
  first_attempt_at timestamptz,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  last_error text COLLATE "C",
  digest_id bigint REFERENCES gateway.alert,
  CONSTRAINT alert_digest_is_known CHECK ((state = 'digested') = (digest_id IS NOT NULL))
);
CREATE INDEX alert_pending ON gateway.alert (next_attempt_at) WHERE state = 'pending';
CREATE INDEX alert_by_kind ON gateway.alert (kind, raised_at);

-- What is wrong now and was told: an alert is raised when something comes here, and another one when it leaves.
CREATE TABLE gateway.alarm (
  kind text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  occurrence text COLLATE "C" NOT NULL,
  source text COLLATE "C",
  export text COLLATE "C",
  details jsonb NOT NULL,
  raised_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, subject)
);
