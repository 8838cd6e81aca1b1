-- a lambda sees outer rows
-- GET Cases?$select=Id&$filter=Messages/any(m:m/Number eq Priority)
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  EXISTS (
    SELECT
      1
    FROM
      "feed"."Messages" AS t2
    WHERE
      t2."CaseId" = t1."Id"
      AND t2."Number" = t1."Priority"
  )
ORDER BY
  t1."_row"
LIMIT
  101
