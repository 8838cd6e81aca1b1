-- counts of a navigation alone
-- GET Cases?$select=Id&$expand=Messages/$count
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  (
    SELECT
      count(*)
    FROM
      "feed"."Messages" AS t2
    WHERE
      t2."CaseId" = t1."Id"
  ),
  t1."_row"
FROM
  "feed"."Cases" AS t1
ORDER BY
  t1."_row"
LIMIT
  101
