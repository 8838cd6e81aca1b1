-- When a file speaks of (newest file wins, in whatever order files arrive), and its header, so that rejected rows can be read again.
ALTER TABLE gateway.load ADD COLUMN file_time timestamptz;
ALTER TABLE gateway.load ADD COLUMN header jsonb;
CREATE INDEX load_by_file_time ON gateway.load (source, export, file_time) WHERE state = 'loaded';
