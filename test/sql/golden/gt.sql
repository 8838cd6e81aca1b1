-- gt is plain where only its truth matters
-- GET Cases?$select=Id&$filter=Priority gt 1 and Cost lt 2
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    t1."Priority" > 1
    AND t1."Cost" < '2'::numeric
  )
ORDER BY
  t1."_row"
LIMIT
  101
