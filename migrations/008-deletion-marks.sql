-- A cell that nothing was said of has no marks of how new it is: from now on marks of an empty cell stand for a deletion.
DO $$
DECLARE
  mark record;
BEGIN
  FOR mark IN
    SELECT c.table_name, substr(c.column_name, 8) AS cell
      FROM information_schema.columns c
      JOIN information_schema.columns x
        ON x.table_schema = 'feed' AND x.table_name = c.table_name AND x.column_name = substr(c.column_name, 8)
     WHERE c.table_schema = 'feed' AND c.column_name LIKE '\_stamp\__%'
  LOOP
    EXECUTE format('UPDATE feed.%I SET %I = NULL WHERE %I IS NULL AND %I IS NOT NULL',
                   mark.table_name, '_stamp_' || mark.cell, mark.cell, '_stamp_' || mark.cell);
  END LOOP;
END $$;
