-- a comparison as a value is two-valued
-- GET Cases?$select=Id,X&$compute=Priority gt 1 as X
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  COALESCE(t1."Priority" > 1, FALSE),
  t1."_row"
FROM
  "feed"."Cases" AS t1
ORDER BY
  t1."_row"
LIMIT
  101
