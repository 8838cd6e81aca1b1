-- a month of date-times
-- GET Cases?$select=Id&$filter=CreatedAt ge 2024-02-01T00:00:00Z and CreatedAt lt 2024-03-01T00:00:00%2B01:00
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    t1."CreatedAt" >= '2024-02-01T00:00:00Z'::timestamptz
    AND t1."CreatedAt" < '2024-02-29T23:00:00Z'::timestamptz
  )
ORDER BY
  t1."_row"
LIMIT
  101
