-- hidden rows are never served
-- GET Agents?$select=Name
-- of test/sql/small-model.ts

SELECT
  t1."Name",
  t1."_row"
FROM
  "feed"."Agents" AS t1
WHERE
  t1."_deleted_at" IS NULL
ORDER BY
  t1."_row"
LIMIT
  101
