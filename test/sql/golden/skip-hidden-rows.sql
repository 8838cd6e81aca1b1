-- $skip where hidden rows are left out
-- GET Agents?$select=Name&$top=5&$skip=2
-- of test/sql/small-model.ts

SELECT
  t1."Name"
FROM
  "feed"."Agents" AS t1
WHERE
  t1."_deleted_at" IS NULL
ORDER BY
  t1."_row"
LIMIT
  5
OFFSET
  2
