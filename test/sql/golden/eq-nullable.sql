-- eq of two nullable operands is null-safe
-- GET Cases?$select=Id&$filter=Priority eq Small
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  t1."Priority" IS NOT DISTINCT FROM t1."Small"
ORDER BY
  t1."_row"
LIMIT
  101
