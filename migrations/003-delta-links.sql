-- What a delta link must know to be sure that it misses nothing. `epoch` is another one when the set's history begins
-- anew; tombstones of versions up to `kept_since` may be gone, so older delta links are refused.
ALTER TABLE gateway.set_versions ADD COLUMN epoch uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE gateway.set_versions ADD COLUMN kept_since bigint NOT NULL DEFAULT 0;
