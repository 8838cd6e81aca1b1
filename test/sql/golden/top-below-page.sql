-- $top below the page asks for no further row; $skip
-- GET Cases?$select=Id&$top=5&$skip=2
-- of test/sql/small-model.ts

SELECT
  t1."Id"
FROM
  "feed"."Cases" AS t1
WHERE
  t1."_row" >= (
    SELECT
      t2."_row"
    FROM
      "feed"."Cases" AS t2
    ORDER BY
      t2."_row"
    LIMIT
      1
    OFFSET
      2
  )
ORDER BY
  t1."_row"
LIMIT
  5
