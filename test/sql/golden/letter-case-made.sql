-- letters of what is no column change case by Unicode's rules, and it is written once
-- GET Cases?$select=Id&$filter=toupper(trim(Title)) eq 'X'
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    upper(
      (
        (
          btrim(
            t1."Title",
            E' \t\n\u000b\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'
          )
        ) COLLATE "C"
      ) COLLATE "und-x-icu"
    )
  ) COLLATE "C" = 'X'
ORDER BY
  t1."_row"
LIMIT
  101
