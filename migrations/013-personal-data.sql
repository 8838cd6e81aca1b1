-- What was done to the personal data of stored rows: `policy` what loads do now, `remains` what is left of earlier ones, which cannot
-- be undone in the rows: they are made anew from their files.
CREATE TABLE gateway.personal_policy (
  entity_set text COLLATE "C" NOT NULL,
  property   text COLLATE "C" NOT NULL,
  policy     text COLLATE "C" NOT NULL CHECK (policy IN ('keep', 'drop', 'mask', 'hash')),
  remains    text[] COLLATE "C" NOT NULL DEFAULT '{}',
  PRIMARY KEY (entity_set, property)
);

-- A digest by which the key for personal data is recognised; never the key.
CREATE TABLE gateway.personal_key (
  only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  key_check text COLLATE "C" NOT NULL CHECK (key_check ~ '^[0-9a-f]{64}$')
);
