-- How often the files of each export come, as the metadata says it: written at each start. `expects` null: it does not say. `since`: from
-- when on it has been expected so, which counts until a first file came. `table_name`, `time_column`: where the newest row is seen, if anywhere.
CREATE TABLE gateway.expectation (
  expectation_id bigint GENERATED ALWAYS AS IDENTITY,
  source       text COLLATE "C" NOT NULL,
  export       text COLLATE "C" NOT NULL,
  entity_set   text COLLATE "C" NOT NULL,
  expects      text COLLATE "C",
  unit         text COLLATE "C" CHECK (unit IN ('hour', 'day', 'workday', 'week', 'month')),
  every        integer,
  starts_on    integer,
  by_minutes   integer,
  time_zone    text COLLATE "C",
  before       boolean,
  table_name   text COLLATE "C",
  time_column  text COLLATE "C",
  since        timestamptz NOT NULL DEFAULT now(),
  -- What was due until then and did not come is done with, by somebody's word.
  settled_until  timestamptz,
  settled_by     text COLLATE "C",
  settled_reason text COLLATE "C",
  PRIMARY KEY (source, export),
  CONSTRAINT expectation_is_whole CHECK (num_nulls(expects, unit, every, time_zone, before) IN (0, 5))
);

-- The slots that files are expected for, from the one with `first` on to the first that is not due at `at` yet. Days, weeks and months are local
-- ones, hours those of UTC. A time that a zone leaves out is moved on, of one that comes twice the second counts.
CREATE FUNCTION gateway.expected_slots(e gateway.expectation, first timestamptz, at timestamptz)
RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, due_at timestamptz, name text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH bounds AS (
    SELECT (first AT TIME ZONE e.time_zone)::date AS first_day, (at AT TIME ZONE e.time_zone)::date AS today,
           -- What is longer ago is nobody's work any more, and would only be counted.
           greatest((first AT TIME ZONE e.time_zone)::date, (at AT TIME ZONE e.time_zone)::date - 1100) AS from_day
  ), days AS (
    SELECT d::timestamp AS s, d::timestamp + make_interval(days => e.every) AS e
      FROM bounds, generate_series(first_day + e.every * ((from_day - first_day) / e.every), today + 2 * e.every, make_interval(days => e.every)) AS d
     WHERE e.unit = 'day'
    UNION ALL
    SELECT d::timestamp, d::timestamp + interval '1 day' FROM bounds, generate_series(from_day, today + 7, interval '1 day') AS d
     WHERE e.unit = 'workday' AND extract(isodow FROM d) < 6
    UNION ALL
    SELECT d::timestamp, d::timestamp + interval '7 days'
      FROM bounds, generate_series(from_day - (extract(isodow FROM from_day)::integer - e.starts_on + 7) % 7, today + 14, interval '7 days') AS d
     WHERE e.unit = 'week'
    UNION ALL
    SELECT d::timestamp, d::timestamp + interval '1 month'
      FROM bounds, generate_series(date_trunc('month', from_day::timestamp - make_interval(days => e.starts_on - 1)) + make_interval(days => e.starts_on - 1), today + 62, interval '1 month') AS d
     WHERE e.unit = 'month'
  ), slots AS (
    SELECT s AT TIME ZONE e.time_zone AS starts_at, days.e AT TIME ZONE e.time_zone AS ends_at,
           (date_trunc('day', CASE WHEN e.before THEN days.e ELSE s END) + make_interval(mins => coalesce(e.by_minutes, 1440))) AT TIME ZONE e.time_zone AS due_at,
           to_char(s, 'YYYY-MM-DD') AS name
      FROM days
    UNION ALL
    SELECT h, h + make_interval(hours => e.every), h + make_interval(hours => e.every), to_char(h AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')
      FROM generate_series(date_bin(make_interval(hours => e.every), greatest(first, at - interval '60 days'), '2000-01-01T00:00:00Z'),
                           at + make_interval(hours => e.every), make_interval(hours => e.every)) AS h
     WHERE e.unit = 'hour'
  )
  SELECT starts_at, ends_at, due_at, name FROM slots
   WHERE due_at <= coalesce((SELECT min(n.due_at) FROM slots n WHERE n.due_at > at), 'infinity')
$$;

-- The newest value of a time column; null: there is none, or the table is not as the metadata wants it yet.
CREATE FUNCTION gateway.newest_row(table_name text, time_column text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  newest timestamptz;
BEGIN
  IF table_name IS NULL OR time_column IS NULL THEN
    RETURN NULL;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(format('feed.%I', table_name)) AND attname = time_column AND atttypid = 'timestamptz'::regtype) THEN
    RETURN NULL;
  END IF;
  EXECUTE format('SELECT max(%I) FROM feed.%I', time_column, table_name) INTO newest;
  RETURN newest;
END $$;

-- Refused and failed files that wait for somebody: not taken since, under their bytes or their name, refused again, or done with by a word.
CREATE VIEW gateway.open_files AS
  SELECT load_id, source, export, path, state, outcome_code, started_at
    FROM gateway.load l
   WHERE state IN ('refused', 'failed') AND settled_at IS NULL
     AND NOT EXISTS (SELECT FROM gateway.load n WHERE n.load_id > l.load_id AND n.state IN ('loaded', 'duplicate', 'unpacked')
                        AND (n.sha256 = l.sha256 OR (n.file_name = l.file_name AND (l.source IS NULL OR n.source = l.source))))
     AND NOT EXISTS (SELECT FROM gateway.load n WHERE n.load_id > l.load_id AND n.state IN ('refused', 'failed') AND n.path = l.path);

-- One row an export, as things are at a moment. So the reply is right whenever it is asked for, and nothing has to run for it.
CREATE FUNCTION gateway.freshness_at(at timestamptz)
RETURNS TABLE ("Source" text, "Export" text, "EntitySet" text, "Expectation" text, "LastFile" text, "LastFileTime" timestamptz,
               "LastLoadedAt" timestamptz, "NewestRow" timestamptz, "DueAt" timestamptz, "Late" boolean, "MissingDays" integer,
               "MissingDayList" text, "OpenRejects" bigint, "RefusedFiles" bigint, "StuckUploads" bigint, "State" text, "_row" bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH spoken AS (
    SELECT source, export, min(coalesce(period_start, file_time)) AS first, max(finished_at) AS loaded_at,
           range_agg(CASE WHEN period_start < period_end THEN tstzrange(period_start, period_end) ELSE tstzrange(file_time, file_time, '[]') END) AS times
      FROM gateway.load WHERE state IN ('loaded', 'duplicate') AND file_time IS NOT NULL GROUP BY source, export
  ), last AS (
    SELECT DISTINCT ON (source, export) source, export, file_name, file_time
      FROM gateway.load WHERE state IN ('loaded', 'duplicate') AND file_time IS NOT NULL ORDER BY source, export, file_time DESC, load_id DESC
  ), rejects AS (
    SELECT l.source, l.export, count(*) AS n FROM gateway.reject r JOIN gateway.load l USING (load_id) WHERE r.state = 'open' GROUP BY 1, 2
  ), refused AS (
    SELECT source, export, count(*) AS n FROM gateway.open_files WHERE export IS NOT NULL GROUP BY 1, 2
  ), stuck AS (
    SELECT split_part(delivery, '/', 1) AS source, count(*) AS n FROM gateway.delivery_file WHERE state = 'waits' AND told_at IS NOT NULL GROUP BY 1
  ), seen AS (
    SELECT e.*, spoken.first IS NOT NULL AS known, spoken.loaded_at, last.file_name, last.file_time, slots.*,
           coalesce(rejects.n, 0) AS open_rejects, coalesce(refused.n, 0) AS refused_files, coalesce(stuck.n, 0) AS stuck_uploads
      FROM gateway.expectation e
      LEFT JOIN spoken USING (source, export) LEFT JOIN last USING (source, export) LEFT JOIN rejects USING (source, export)
      LEFT JOIN refused USING (source, export) LEFT JOIN stuck USING (source)
      LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE s.missing) AS missing, string_agg(s.name, ', ' ORDER BY s.starts_at) FILTER (WHERE s.missing AND s.nth <= 100) AS names,
               coalesce((array_agg(s.missing ORDER BY s.due_at DESC) FILTER (WHERE s.due_at <= at))[1], false) AS late,
               max(s.due_at) FILTER (WHERE s.due_at <= at) AS was_due, min(s.due_at) FILTER (WHERE s.due_at > at) AS next_due
          FROM (
            SELECT x.*, row_number() OVER (PARTITION BY missing ORDER BY due_at DESC) AS nth
              FROM (
                SELECT o.*, o.due_at <= at AND o.due_at > coalesce(e.settled_until, '-infinity') AND NOT coalesce(spoken.times && tstzrange(o.starts_at, o.ends_at), false) AS missing
                  FROM gateway.expected_slots(e, coalesce(spoken.first, e.since), at) AS o
                 WHERE spoken.first IS NOT NULL OR o.due_at > e.since
              ) AS x
          ) AS s
      ) AS slots ON e.unit IS NOT NULL
  )
  SELECT source, export, entity_set, expects, file_name, file_time, loaded_at,
         CASE WHEN known THEN coalesce(gateway.newest_row(table_name, time_column), file_time) END,
         CASE WHEN late THEN was_due ELSE next_due END, coalesce(late, false), coalesce(missing, 0)::integer, names,
         open_rejects, refused_files, stuck_uploads,
         CASE WHEN late THEN 'late' WHEN refused_files > 0 THEN 'refused' WHEN stuck_uploads > 0 THEN 'stuck' WHEN missing > 0 THEN 'incomplete'
              WHEN open_rejects > 0 THEN 'rejects' WHEN NOT known THEN 'unknown' ELSE 'fresh' END,
         expectation_id
    FROM seen
$$;
REVOKE ALL ON FUNCTION gateway.freshness_at(timestamptz), gateway.newest_row(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gateway.freshness_at(timestamptz), gateway.newest_row(text, text) TO gateway_reader;

CREATE VIEW gateway.source_freshness AS
  SELECT "Source" COLLATE "C" AS "Source", "Export" COLLATE "C" AS "Export", "EntitySet" COLLATE "C" AS "EntitySet",
         "Expectation" COLLATE "C" AS "Expectation", "LastFile" COLLATE "C" AS "LastFile", "LastFileTime", "LastLoadedAt", "NewestRow", "DueAt", "Late",
         "MissingDays", "MissingDayList" COLLATE "C" AS "MissingDayList", "OpenRejects", "RefusedFiles", "StuckUploads", "State" COLLATE "C" AS "State", "_row"
    FROM gateway.freshness_at(now());
GRANT SELECT ON gateway.source_freshness TO gateway_reader;
