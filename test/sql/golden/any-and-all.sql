-- any and all
-- GET Cases?$select=Id&$filter=Messages/any(m:m/Length gt 1) and Messages/all(m:m/Length gt 0)
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    EXISTS (
      SELECT
        1
      FROM
        "feed"."Messages" AS t2
      WHERE
        t2."CaseId" = t1."Id"
        AND t2."Length" > 1
    )
    AND (
      NOT EXISTS (
        SELECT
          1
        FROM
          "feed"."Messages" AS t3
        WHERE
          t3."CaseId" = t1."Id"
          AND (t3."Length" > 0) IS NOT TRUE
      )
    )
  )
ORDER BY
  t1."_row"
LIMIT
  101
