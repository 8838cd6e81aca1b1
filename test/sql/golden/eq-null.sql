-- eq null
-- GET Cases?$select=Id&$filter=Priority eq null
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  t1."Priority" IS NULL
ORDER BY
  t1."_row"
LIMIT
  101
