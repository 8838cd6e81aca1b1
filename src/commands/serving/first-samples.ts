import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';
import { keepUntold } from '../../alarm/outbox.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { ingestPaths } from '../../ingest/delivery/paths/ingest-paths.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Observe } from '../../observation/observe.ts';
import { recentWeeks } from '../../samples/recent-weeks.ts';
import { writeSamples } from '../../samples/write-samples.ts';
import type { Database } from '../../warehouse/database.ts';
import type { Surroundings } from '../support/surroundings.ts';

interface Filling {
  readonly catalogue: Catalogue;
  readonly database: Database;
}

/** A week in each file, where files say the days of their rows: a first start is to be short. */
const size = { rows: 40, daysPerFile: 7 };

/**
 * A first look at the feed without files of one's own: only where nothing was ever loaded, or where a first start was
 * ended in the middle of its samples; the files it had loaded are known by their bytes.
 */
export async function fillWithSamples({ print, config, observe }: Surroundings, filling: Filling): Promise<void> {
  const { catalogue, database } = filling;
  const { rows } = await database.query('SELECT 1 FROM gateway.load LIMIT 1');
  const begun = path.join(config.dataDir, 'samples.begun');
  if (rows.length > 0 && !existsSync(begun)) {
    return;
  }
  await mkdir(config.dataDir, { recursive: true });
  // A start that goes on where another was ended writes that one's files, though it may be another day.
  const from = existsSync(begun) ? (await readFile(begun, 'utf8')).trim() : '';
  const order = { ...size, ...recentWeeks(DateTime.utc()), ...(from === '' ? {} : { from }) };
  await writeFile(begun, `${order.from}\n`);
  // They stay there: `gateway rebuild` needs the files that rows came from, samples or not.
  const folder = path.join(config.dataDir, 'samples');
  await rm(folder, { recursive: true, force: true });
  print('SAMPLES: the warehouse is empty. Made-up files are written and loaded, which takes about half a minute ...');
  const report = await writeSamples(catalogue, folder, order);
  let loaded = 0;
  for await (const { state } of ingestPaths({ catalogue, database }, [folder], { observe: unlessLoaded(observe) })) {
    loaded += state === 'loaded' ? 1 : 0;
  }
  // They are nobody's news: nothing else was ever loaded here.
  await keepUntold(database);
  await rm(begun);
  print(`SAMPLES: the warehouse was empty, so ${loaded} made-up sample files with ${report.rows} rows were loaded.`);
  print('To start empty, stop, remove the data folder (or use another database), and start with SAMPLES=off.');
  observe({ event: 'samples-loaded', rows: report.rows });
}

/** Samples that were loaded as expected are told once, all together. */
function unlessLoaded(observe: Observe<Observation>): Observe<Observation> {
  return (one) => {
    if (one.event !== 'load' || one.outcome === 'failed' || one.outcome === 'refused') {
      observe(one);
    }
  };
}
