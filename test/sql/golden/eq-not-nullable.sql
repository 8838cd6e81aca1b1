-- eq of two operands that are never null is plain
-- GET Messages?$select=Number&$filter=CaseId eq Number
-- of test/sql/small-model.ts

SELECT
  t1."Number",
  t1."_row"
FROM
  "feed"."Messages" AS t1
WHERE
  t1."CaseId" = t1."Number"
ORDER BY
  t1."_row"
LIMIT
  101
