-- to many as nested text
-- GET Cases?$select=Id&$expand=Messages($select=Number,Body;$orderby=Number desc;$top=2;$count=true)
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  (
    SELECT
      count(*)
    FROM
      "feed"."Messages" AS t4
    WHERE
      t4."CaseId" = t1."Id"
  ),
  (
    SELECT
      COALESCE(string_agg(r3.line, ''), '')
    FROM
      (
        SELECT
          array_to_string(
            ARRAY[
              (t2."Number")::text,
              CASE
                WHEN t2."Body" ~ E'[\\u0001-\\u0007\\u000e-\\u001f]' THEN (
                  SELECT
                    string_agg(
                      CASE
                        WHEN ascii(x.c) < 32
                        AND x.c !~ E'[\\u0008-\\u000d]' THEN chr(27) || chr(ascii(x.c) + 64)
                        ELSE x.c
                      END,
                      ''
                      ORDER BY
                        x.i
                    )
                  FROM
                    string_to_table(t2."Body", NULL) WITH ORDINALITY AS x (c, i)
                )
                ELSE t2."Body"
              END
            ],
            E'\x02',
            E'\x1d'
          ) || E'\x01' AS line
        FROM
          "feed"."Messages" AS t2
        WHERE
          t2."CaseId" = t1."Id"
        ORDER BY
          t2."Number" DESC,
          t2."_row"
        LIMIT
          2
      ) AS r3
  ),
  t1."_row"
FROM
  "feed"."Cases" AS t1
ORDER BY
  t1."_row"
LIMIT
  101
