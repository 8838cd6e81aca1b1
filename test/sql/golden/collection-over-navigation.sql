-- a collection over a navigation
-- GET Agents(1)/Cases?$select=Id&$filter=Open
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
      "feed"."Agents" AS t2
    WHERE
      t2."_deleted_at" IS NULL
      AND t2."Id" = '1'::integer
      AND t1."AgentId" = t2."Id"
  )
  AND t1."Open"
ORDER BY
  t1."_row"
LIMIT
  101
