-- a path to one is one left join for all its uses
-- GET Cases?$select=Id&$filter=Agent/Name eq 'x'&$orderby=Agent/City&$expand=Agent($select=Name)
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t2."_row",
  t2."Name",
  left(t2."City", 512) COLLATE "C",
  t1."_row"
FROM
  "feed"."Cases" AS t1
  LEFT JOIN "feed"."Agents" AS t2 ON t2."Id" = t1."AgentId"
  AND t2."_deleted_at" IS NULL
WHERE
  t2."Name" = 'x'
ORDER BY
  left(t2."City", 512) COLLATE "C" ASC NULLS FIRST,
  t1."_row"
LIMIT
  101
