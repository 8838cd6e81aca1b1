-- references
-- GET Cases/$ref?$top=3
-- of test/sql/small-model.ts

SELECT
  t1."Id"
FROM
  "feed"."Cases" AS t1
ORDER BY
  t1."_row"
LIMIT
  3
