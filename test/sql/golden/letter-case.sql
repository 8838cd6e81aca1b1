-- letters change case by Unicode's rules
-- GET Cases?$select=Id&$filter=tolower(Title) eq 'x'
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    CASE
      WHEN octet_length(t1."Title") = char_length(t1."Title") THEN (lower((t1."Title") COLLATE "C")) COLLATE "C"
      ELSE (lower((t1."Title") COLLATE "und-x-icu")) COLLATE "C"
    END
  ) = 'x'
ORDER BY
  t1."_row"
LIMIT
  101
