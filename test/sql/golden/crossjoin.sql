-- $crossjoin
-- GET $crossjoin(Cases,Agents)?$filter=Cases/AgentId eq Agents/Id&$expand=Agents($select=Name)
-- of test/sql/small-model.ts

SELECT
  t1."_row",
  t1."Id",
  t2."_row",
  t2."Id",
  t2."Name",
  t1."_row",
  t2."_row"
FROM
  "feed"."Cases" AS t1
  CROSS JOIN "feed"."Agents" AS t2
WHERE
  t2."_deleted_at" IS NULL
  AND t1."AgentId" = t2."Id"
ORDER BY
  t1."_row",
  t2."_row"
LIMIT
  101
