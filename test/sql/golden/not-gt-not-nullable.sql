-- not gt of an operand that is never null stays sargable
-- GET Cases?$select=Id&$filter=not (Id gt 1)
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  t1."Id" <= 1
ORDER BY
  t1."_row"
LIMIT
  101
