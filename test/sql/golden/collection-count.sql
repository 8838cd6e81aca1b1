-- a collection counted in an expression
-- GET Cases?$select=Id&$filter=Messages/$count($filter=Length gt 1) gt 2
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    SELECT
      count(*)
    FROM
      "feed"."Messages" AS t2
    WHERE
      t2."CaseId" = t1."Id"
      AND t2."Length" > 1
  ) > 2
ORDER BY
  t1."_row"
LIMIT
  101
