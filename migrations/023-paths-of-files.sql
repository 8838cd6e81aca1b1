-- Each file that lies in the drop folder is looked for by its path, and so are those that are stuck, refused or to be forgotten: years of loads were read for each.
CREATE INDEX load_by_path ON gateway.load (path);
