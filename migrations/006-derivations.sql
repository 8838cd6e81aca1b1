-- How the rows of each derived set were made last, as JSON: where the metadata says otherwise, they are made again at the next start.
CREATE TABLE gateway.derivation (
  entity_set text COLLATE "C" PRIMARY KEY,
  made_by    text COLLATE "C" NOT NULL,
  made_at    timestamptz NOT NULL DEFAULT now()
);
