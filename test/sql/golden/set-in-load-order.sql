-- a set is read in load order, one row more than the page
-- GET Messages
-- of test/sql/small-model.ts

SELECT
  t1."CaseId",
  t1."Number",
  t1."Body",
  t1."Length",
  t1."AgentId",
  t1."_row"
FROM
  "feed"."Messages" AS t1
ORDER BY
  t1."_row"
LIMIT
  101
