-- What gateways that serve see of proxied feeds that fail, for those who ask the database alone. `told_at`: a gateway says so again and again while it
-- lasts; what nobody has said for a minute is over, or its gateway is.
CREATE TABLE gateway.feed_trouble (
  source  text COLLATE "C" NOT NULL,
  kind    text COLLATE "C" NOT NULL CHECK (kind IN ('circuit', 'metadata')),
  since   timestamptz NOT NULL,
  message text COLLATE "C" NOT NULL,
  told_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (source, kind)
);
