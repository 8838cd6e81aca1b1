-- order: nulls first ascending, last descending, row id last
-- GET Cases?$select=Id&$orderby=Priority,Cost desc,Id desc
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."Priority",
  t1."Cost",
  t1."_row"
FROM
  "feed"."Cases" AS t1
ORDER BY
  t1."Priority" ASC NULLS FIRST,
  t1."Cost" DESC NULLS LAST,
  t1."Id" DESC,
  t1."_row"
LIMIT
  101
