-- not gt is true for null
-- GET Cases?$select=Id&$filter=not (Priority gt 1)
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (t1."Priority" > 1) IS NOT TRUE
ORDER BY
  t1."_row"
LIMIT
  101
