-- not is pushed down through and and or
-- GET Cases?$select=Id&$filter=not (Open and (Priority eq 1 or Cost gt 2))
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    NOT t1."Open"
    OR (
      t1."Priority" IS DISTINCT FROM 1
      AND (t1."Cost" > '2'::numeric) IS NOT TRUE
    )
  )
ORDER BY
  t1."_row"
LIMIT
  101
