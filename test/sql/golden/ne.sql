-- ne counts null as a value
-- GET Cases?$select=Id&$filter=Priority ne 1
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  t1."Priority" IS DISTINCT FROM 1
ORDER BY
  t1."_row"
LIMIT
  101
