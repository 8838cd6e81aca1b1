-- in
-- GET Cases?$select=Id&$filter=Priority in (1,2,null)
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    t1."Priority" IN ('1'::integer, '2'::integer)
    OR t1."Priority" IS NULL
  )
ORDER BY
  t1."_row"
LIMIT
  101
