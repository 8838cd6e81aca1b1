-- Removed rows are served in pages. One tombstone a key, the newest: an older one tells nobody anything more, and a key
-- that left twice is told once. `number` is the place of a row that left in its page order.
DELETE FROM gateway.tombstones AS t USING gateway.tombstones AS n
 WHERE n.entity_set = t.entity_set AND n.key = t.key AND n.version > t.version;
ALTER TABLE gateway.tombstones DROP CONSTRAINT tombstones_pkey;
ALTER TABLE gateway.tombstones ADD PRIMARY KEY (entity_set, key);
ALTER TABLE gateway.tombstones ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX tombstones_in_order ON gateway.tombstones (entity_set, version, number);
