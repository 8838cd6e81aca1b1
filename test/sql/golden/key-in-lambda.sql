-- a key inside a lambda
-- GET Agents?$filter=Cases/any(c:c/Messages(1)/Length gt 2)
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."Name",
  t1."LeaderId",
  t1."City",
  t1."_row"
FROM
  "feed"."Agents" AS t1
WHERE
  t1."_deleted_at" IS NULL
  AND EXISTS (
    SELECT
      1
    FROM
      "feed"."Cases" AS t2
      LEFT JOIN "feed"."Messages" AS t3 ON t3."CaseId" = t2."Id"
      AND t3."Number" = '1'::integer
    WHERE
      t2."AgentId" = t1."Id"
      AND t3."Length" > 2
  )
ORDER BY
  t1."_row"
LIMIT
  101
