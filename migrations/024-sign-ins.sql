-- Sign-ins of persons at proxied feeds, for all gateways that share this database. `sealed` has the refresh token and the access token that came with it, under a
-- key that is not here. `client` is a digest of server, client and what tokens are for; `seed` one of the refresh token of a file that the sign-in began with.
CREATE TABLE gateway.sign_in (
  source text COLLATE "C" PRIMARY KEY,
  generation bigint GENERATED ALWAYS AS IDENTITY,
  client text COLLATE "C" NOT NULL,
  seed text COLLATE "C",
  sealed bytea NOT NULL,
  signed_in_at timestamptz NOT NULL,
  refreshed_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  ended text COLLATE "C",
  ended_at timestamptz,
  announced_at timestamptz,
  CONSTRAINT sign_in_end_is_whole CHECK ((ended IS NULL) = (ended_at IS NULL))
);
