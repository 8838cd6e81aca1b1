-- Which columns a load stated follows from its header; loads of one header are found together.
CREATE INDEX load_by_header ON gateway.load (source, export, md5(header::text)) WHERE state = 'loaded';
-- Whether what a load does not hold was removed. Until now a message stood for: it was not.
ALTER TABLE gateway.load ADD COLUMN removes boolean NOT NULL DEFAULT true;
UPDATE gateway.load SET removes = false WHERE message IS NOT NULL;
