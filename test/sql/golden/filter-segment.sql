-- a filter segment
-- GET Cases/$filter(Priority gt 1)?$select=Id
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  t1."Priority" > 1
ORDER BY
  t1."_row"
LIMIT
  101
