-- $skip with a condition leaves the rows out itself: the condition is evaluated once
-- GET Cases?$select=Id&$top=5&$skip=2&$filter=Priority eq 1
-- of test/sql/small-model.ts

SELECT
  t1."Id"
FROM
  "feed"."Cases" AS t1
WHERE
  t1."Priority" = 1
ORDER BY
  t1."_row"
LIMIT
  5
OFFSET
  2
