-- a count ignores order and paging
-- GET Cases/$count?$filter=Open eq true
-- of test/sql/small-model.ts

SELECT
  count(*)
FROM
  "feed"."Cases" AS t1
WHERE
  t1."Open" = TRUE
