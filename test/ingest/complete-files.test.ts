import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { casesFile, drops } from './support/drop.ts';
import { catalogue, useFeed } from './support/feed.ts';

/** All but the last row. */
const short = (text: string): string => text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1);

describe('D1 a file is loaded when it is complete', () => {
  const feed = useFeed();
  const make = drops(feed);
  const ledger = async (name: string): Promise<readonly string[]> => {
    const sql = `SELECT state || coalesce(' ' || split_part(message, ':', 1), '') AS said FROM gateway.load WHERE file_name = '${name}' ORDER BY load_id`;
    return (await feed().rows<{ said: string }>(sql)).map(({ said }) => said);
  };

  it('only after it was seen unchanged for the minimum age; every change starts the minute anew', async () => {
    const drop = make();
    const { name, text } = casesFile(3);
    const file = drop.write(name, short(text));
    assert.deepEqual(await drop.after(0), []);
    assert.deepEqual(await drop.after(59), []);
    appendFileSync(file, text.slice(short(text).length));
    assert.deepEqual(await drop.after(1), []);
    assert.deepEqual(await drop.after(59), []);
    assert.deepEqual(await drop.after(1), ['loaded']);
    assert.ok(existsSync(drop.at('loaded', name)));
    assert.deepEqual(drop.notices, []);
  });

  it('whatever its modification time says: kept from the original, or in the future', async () => {
    const drop = make();
    const copies = [casesFile(2), casesFile(2)].map((file, n) => ({ ...file, time: new Date(2020 + 16 * n, 1) }));
    for (const { name, text, time } of copies) {
      utimesSync(drop.write(name, short(text)), time, time);
    }
    assert.deepEqual(await drop.after(0), []);
    for (const { name, text, time } of copies) {
      utimesSync(drop.write(name, text), time, time);
    }
    assert.deepEqual(await drop.after(60), []);
    assert.deepEqual(await drop.after(60), ['loaded', 'loaded']);
  });

  it('also where it was replaced by as many bytes of the same time', async () => {
    const drop = make();
    const { name, text } = casesFile(1);
    const time = new Date(2026, 0);
    utimesSync(drop.write(name, 'x'.repeat(text.length)), time, time);
    assert.deepEqual(await drop.after(0), []);
    const beside = drop.write(`.${name}`, text);
    utimesSync(beside, time, time);
    renameSync(beside, drop.at(name));
    assert.deepEqual(await drop.after(60), []);
    assert.deepEqual(await drop.after(60), ['loaded']);
  });

  it('a writer who keeps its handle through load and move: an alarm, in the ledger too, and the whole is loaded', async () => {
    const drop = make();
    const { name, text } = casesFile(300);
    const handle = openSync(drop.at(name), 'w');
    writeSync(handle, text.slice(0, text.indexOf('\n', text.length / 2) + 1));
    await drop.after(0);
    assert.deepEqual(await drop.after(60), ['loaded']);
    writeSync(handle, text.slice(text.indexOf('\n', text.length / 2) + 1, -5));
    assert.deepEqual(await drop.after(60), []);
    assert.deepEqual(
      drop.notices.map(({ kind }) => kind),
      ['changed'],
    );
    assert.match(drop.notices[0]?.message ?? '', new RegExp(`^FileChangedAfterLoad: loaded/${name} changed after`));
    writeSync(handle, text.slice(-5));
    closeSync(handle);
    assert.deepEqual(await drop.after(59), []);
    assert.deepEqual(await drop.after(60), ['loaded']);
    assert.deepEqual(await drop.after(60), []);
    assert.deepEqual(await ledger(name), ['loaded', 'failed FileChangedAfterLoad', 'loaded']);
    assert.equal(readFileSync(drop.at('loaded', name), 'utf8'), text);
    const [first] = text.split('\n').slice(1);
    const from = Number(first?.split(',')[0]);
    const [stored] = await feed().rows(
      `SELECT count(*)::int AS n FROM feed."TracebuzzCases" WHERE "CaseId" BETWEEN ${from} AND ${from + 299}`,
    );
    assert.deepEqual({ ...stored }, { n: 300 });
    appendFileSync(drop.at('loaded', name), '\n');
    await drop.after(1);
    assert.equal(drop.notices.length, 2, 'a second change is a second alarm');
  });

  it('the same after a restart, by what the ledger has; new times alone, or a stranger, are no change', async () => {
    const drop = make();
    const grown = casesFile(5);
    const touched = casesFile(5);
    for (const { name, text } of [grown, touched]) {
      drop.write(name, short(text));
    }
    await drop.after(0);
    assert.deepEqual(await drop.after(60), ['loaded', 'loaded']);
    appendFileSync(drop.at('loaded', grown.name), grown.text.slice(short(grown.text).length));
    utimesSync(drop.at('loaded', touched.name), new Date(), new Date());
    writeFileSync(drop.at('loaded', 'put-there-by-hand.csv'), 'a,b\n1,2\n');
    drop.restart();
    assert.deepEqual(await drop.after(0), []);
    assert.deepEqual(await drop.after(60), ['loaded']);
    assert.deepEqual(
      drop.notices.map(({ below }) => below),
      [grown.name],
    );
    assert.deepEqual(await ledger(touched.name), ['loaded']);
  });

  it('a second file of a name, which got a number, is known by its own size and time', async () => {
    const drop = make();
    const { name, text } = casesFile(3);
    drop.write(name, short(text));
    await drop.after(0);
    await drop.after(60);
    drop.write(name, text);
    await drop.after(0);
    assert.deepEqual(await drop.after(60), ['loaded']);
    assert.deepEqual(readdirSync(drop.at('loaded')).sort(), [name.replace('.csv', ' (2).csv'), name].sort());
    drop.restart();
    assert.deepEqual(await drop.after(0), []);
    assert.deepEqual(drop.notices, []);
  });

  it('a refused file that goes on growing is taken again and moves to loaded', async () => {
    const drop = make();
    const { name: given, text } = casesFile(2);
    const name = `of-no-rule-${given}`;
    const handle = openSync(drop.at(name), 'w');
    writeSync(handle, 'half');
    await drop.after(0);
    assert.deepEqual(await drop.after(60), ['refused']);
    assert.ok(existsSync(drop.at('refused', `${name}.reason.txt`)));
    writeSync(handle, text, 0);
    closeSync(handle);
    await drop.after(1);
    assert.deepEqual(await drop.after(60), ['loaded']);
    assert.deepEqual([readdirSync(drop.at('refused')), existsSync(drop.at('loaded', name))], [[], true]);
    assert.deepEqual(
      drop.notices.map(({ kind }) => kind),
      ['changed'],
    );
  });

  it('with a mark it waits for that, however old it is, and is then taken at once; the mark goes with it', async () => {
    const sources = new Map(catalogue.sources);
    const tracebuzz = sources.get('tracebuzz');
    assert.ok(tracebuzz !== undefined);
    sources.set('tracebuzz', { ...tracebuzz, delivery: { minimumAgeSeconds: 60, completeMark: '.done' } });
    const drop = make({ of: { ...catalogue, sources } });
    const files = [casesFile(2), casesFile(2)];
    for (const { name, text } of files) {
      drop.write(`tracebuzz/${name}`, text);
    }
    assert.deepEqual(await drop.after(0), []);
    assert.deepEqual(await drop.after(3600), []);
    assert.deepEqual(
      drop.notices.map(({ kind }) => kind),
      ['no-mark', 'no-mark'],
    );
    drop.write('tracebuzz/late.csv.part', 'x');
    assert.deepEqual(await drop.after(1), []);
    assert.deepEqual(await drop.after(3700), []);
    const stuck = async () =>
      (
        await feed().rows<{ v: string }>(
          `SELECT delivery || ' ' || path || ' ' || reason AS v FROM gateway.delivery_file ORDER BY path`,
        )
      ).map(({ v }) => v);
    assert.deepEqual(
      await stuck(),
      [
        ...files.map(({ name }) => `tracebuzz/drop folder tracebuzz/${name} no-mark`).sort(),
        'tracebuzz/drop folder tracebuzz/late.csv.part growing',
      ].sort(),
    );
    rmSync(drop.at('tracebuzz', 'late.csv.part'));
    const [one, two] = files.map(({ name }) => name);
    drop.write(`tracebuzz/${one}.done`, '');
    drop.write(`tracebuzz/${two?.replace('.csv', '.DONE')}`, '');
    assert.deepEqual(await drop.after(1), ['loaded', 'loaded']);
    assert.deepEqual(readdirSync(drop.at('tracebuzz')), []);
    assert.ok(existsSync(drop.at('loaded', 'tracebuzz', `${one}.done`)));
    await drop.after(1);
    assert.deepEqual(await stuck(), []);
  });

  it('what is stuck in the drop folder of one gateway is no business of another one, until nobody sees it any more', async () => {
    const [one, other] = [make(), make()];
    const stuck = async (): Promise<readonly string[]> => {
      const sql = `SELECT path FROM gateway.delivery_file WHERE delivery LIKE '%/drop folder' ORDER BY path`;
      return (await feed().rows<{ path: string }>(sql)).map(({ path }) => path);
    };
    const part = (name: string): string => `tracebuzz/${name}.csv.part`;
    const wait = async (): Promise<void> => {
      for (const drop of [one, other]) {
        await drop.after(1);
        await drop.after(3700);
      }
    };
    one.write(part('mine'), 'x');
    await wait();
    assert.deepEqual(await stuck(), [part('mine')]);
    other.write(part('yours'), 'x');
    await wait();
    assert.deepEqual(await stuck(), [part('mine'), part('yours')]);
    rmSync(other.at(part('yours')));
    await wait();
    assert.deepEqual(await stuck(), [part('mine')]);
    // One whose file went while its gateway was off, and one that is seen still.
    one.restart();
    await feed().rows(`UPDATE gateway.delivery_file SET seen_since = seen_since - interval '40 minutes'`);
    await feed().rows(
      `INSERT INTO gateway.delivery_file (delivery, path, state, reason, first_seen_at, seen_since, told_at)
       SELECT delivery, '${part('gone')}', state, reason, first_seen_at, seen_since, told_at FROM gateway.delivery_file`,
    );
    await one.after(1);
    assert.deepEqual(await stuck(), [part('mine')]);
    await other.after(600);
    assert.deepEqual(await stuck(), [part('mine')]);
    rmSync(one.at(part('mine')));
    await one.after(1);
    assert.deepEqual(await stuck(), []);
  });

  it('age and mark are said by source, and faults in them are found', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/metadata.md', 'utf8'))?.[1] ?? '';
    const built = (delivery: string) => {
      const text = example.replace('kind: files,', `kind: files, delivery: { ${delivery} },`);
      assert.notEqual(text, example);
      return buildCatalogue([{ file: 'orders.yaml', text }], {});
    };
    const { catalogue: own, faults } = built('minimumAgeSeconds: 600, completeMark: .done');
    assert.deepEqual(faults, []);
    const [source] = [...(own?.sources.values() ?? [])].filter(({ kind }) => kind === 'files');
    assert.deepEqual(source?.delivery, { minimumAgeSeconds: 600, completeMark: '.done' });
    assert.deepEqual(catalogue.sources.get('hootsuite-inbox')?.delivery, { minimumAgeSeconds: 60, completeMark: null });
    for (const wrong of ['completeMark: .csv', 'completeMark: done', 'minimumAgeSeconds: -1', 'minimumAge: 1']) {
      assert.ok(built(wrong).faults.length > 0, wrong);
    }
  });
});
