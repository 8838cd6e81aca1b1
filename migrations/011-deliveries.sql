-- Servers that are asked for files. `delivery` is `<source>/<name>` of the metadata everywhere.

-- How the rounds of a delivery go. `last_round_at`: when one ended last; `last_done_at`: when one ended last that could look at everything;
-- `failing_since`, `error_code` (docs/errors.md) and `error_message`: since when none could, and why not.
-- A login that the server refused is remembered with a salted scrypt digest of what it was tried with, so that it is not tried
-- again unchanged: servers lock accounts.
CREATE TABLE gateway.delivery (
  delivery text COLLATE "C" PRIMARY KEY,
  source text COLLATE "C" NOT NULL,
  last_round_at timestamptz,
  last_done_at timestamptz,
  failing_since timestamptz,
  error_code text COLLATE "C",
  error_message text COLLATE "C",
  login_refused_at timestamptz,
  login_salt bytea,
  login_digest bytea,
  CONSTRAINT delivery_error_has_its_code CHECK ((failing_since IS NULL) = (error_code IS NULL)),
  CONSTRAINT delivery_login_is_whole CHECK ((login_refused_at IS NULL) = (login_digest IS NULL) AND (login_salt IS NULL) = (login_digest IS NULL))
);

-- Files of a server as they were listed last (size and time), since when they are listed so (`seen_since`) and at all
-- (`first_seen_at`, anew for each new content). `waits`: not fetched yet, `reason` says what for; `told_at`: when it was told that it
-- waits for too long (a stuck upload). `accepted`, `refused`: fetched as listed, and taken in or not; left alone while it stays so.
CREATE TABLE gateway.delivery_file (
  delivery text COLLATE "C" NOT NULL,
  path text COLLATE "C" NOT NULL,
  size_bytes bigint,
  modified_at timestamptz,
  state text COLLATE "C" NOT NULL CHECK (state IN ('waits', 'accepted', 'refused')),
  reason text COLLATE "C",
  first_seen_at timestamptz NOT NULL,
  seen_since timestamptz NOT NULL,
  told_at timestamptz,
  sha256 text COLLATE "C",
  fetched_at timestamptz,
  PRIMARY KEY (delivery, path),
  CONSTRAINT delivery_file_was_fetched CHECK ((state = 'waits') = (sha256 IS NULL) AND (sha256 IS NULL) = (fetched_at IS NULL))
);

-- The time that the server gave for these bytes when it was first asked for them. It orders files whose name says no time, and stays as it
-- is where a server adds the offset of its zone, whatever its clocks say later.
CREATE TABLE gateway.delivery_bytes (
  delivery text COLLATE "C" NOT NULL,
  sha256 text COLLATE "C" NOT NULL,
  modified_at timestamptz NOT NULL,
  PRIMARY KEY (delivery, sha256)
);
