-- Guesses of passwords that are left to one name, or to a name and an address that it signed in from: for all gateways, where there are several. `guess_key` is a digest.
CREATE UNLOGGED TABLE gateway.guess (
  guess_key text COLLATE "C" PRIMARY KEY,
  remaining double precision NOT NULL,
  counted_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- Addresses that names signed in from, an IPv6 one as its network, with the day of the last time.
CREATE TABLE gateway.known_address (
  name     text COLLATE "C" NOT NULL,
  address  text COLLATE "C" NOT NULL,
  day      integer NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, address)
);
