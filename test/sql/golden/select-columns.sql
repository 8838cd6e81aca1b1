-- $select reads only the columns asked for
-- GET Cases?$select=Title,Id
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."Title",
  t1."_row"
FROM
  "feed"."Cases" AS t1
ORDER BY
  t1."_row"
LIMIT
  101
