-- a key inside a path is one left join for all its uses
-- GET Cases?$select=Id&$filter=Messages(2)/Length gt 1&$orderby=Messages(Number=2)/Body
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  left(t2."Body", 512) COLLATE "C",
  t1."_row"
FROM
  "feed"."Cases" AS t1
  LEFT JOIN "feed"."Messages" AS t2 ON t2."CaseId" = t1."Id"
  AND t2."Number" = '2'::integer
WHERE
  t2."Length" > 1
ORDER BY
  left(t2."Body", 512) COLLATE "C" ASC NULLS FIRST,
  t1."_row"
LIMIT
  101
