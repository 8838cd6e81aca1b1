import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GatewayError } from '../../../src/errors.ts';
import type { Arrival, Delivery, Outcome } from '../../../src/ingest/delivery/delivery.ts';
import { Receiver } from '../../../src/ingest/delivery/receive.ts';
import type { Database } from '../../../src/warehouse/database.ts';
import { casesFile } from './drop.ts';
import { type Feed, useFeed } from './feed.ts';

/** A way of delivery, and the hands of those who send files. */
export interface DeliveryUnderTest {
  /** The delivery as a program has it that just started: it remembers nothing. Files and places stay. */
  open(): Delivery;
  /** A whole file arrives, or another one under its name. */
  put(name: string, text: string): void;
  /** Where the file lies that was put there last. */
  place(name: string): Place | Promise<Place>;
}

type Place = 'arriving' | 'accepted' | 'refused';

/** Faults of one round, each met by the first file that comes to it. */
interface Faults {
  readonly fetch?: Error;
  /** Thrown when the load begins. */
  readonly load?: Error;
  /** The program ends before the file is put away: nothing after it happens. */
  readonly crash?: boolean;
  /** Done when the bytes were fetched. */
  readonly whenFetched?: () => void;
}

const restart = () => new GatewayError('RestartNeeded', 'The set was rebuilt.');
const away = () => new GatewayError('DatabaseUnavailable', 'PostgreSQL restarts.');
const unreadable = () => new GatewayError('FileUnreadable', 'The connection was cut.');

/** The delivery with faults in front of it. */
function faulty(delivery: Delivery, faults: Faults): Delivery {
  let { fetch: error, crash, whenFetched } = faults;
  return {
    arrivals: () => delivery.arrivals(),
    fetch: async (arrival, spool) => {
      if (error !== undefined) {
        const thrown = error;
        error = undefined;
        throw thrown;
      }
      const spooled = await delivery.fetch(arrival, spool);
      whenFetched?.();
      whenFetched = undefined;
      return spooled;
    },
    settle: async (arrival, outcome) => {
      if (crash === true) {
        crash = false;
        throw new Error('killed');
      }
      await delivery.settle(arrival, outcome);
    },
  };
}

/** The database, whose next transaction fails. */
function failing(database: Database, load: Error | undefined): Database {
  let error = load;
  return new Proxy(database, {
    get(target, key): unknown {
      if (key === 'transaction' && error !== undefined) {
        const thrown = error;
        error = undefined;
        return () => Promise.reject(thrown);
      }
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The cases that each way of delivery must pass. */
export function deliveryKit(
  name: string,
  make: (feed: Feed) => DeliveryUnderTest,
  { runs = 12 }: { readonly runs?: number } = {},
): void {
  describe(`Delivery: ${name}`, () => {
    const feed = useFeed();
    let ways: DeliveryUnderTest;
    let delivery: Delivery;
    let receiver: Receiver<Arrival>;
    let told: [string, Outcome][];
    let unsettled: string[];

    beforeEach(() => {
      ways = make(feed());
      open();
    });

    function open(): void {
      delivery = ways.open();
      receiver = receiverOf(delivery, undefined);
    }
    function receiverOf(from: Delivery, load: Error | undefined): Receiver<Arrival> {
      told = [];
      unsettled = [];
      const context = { catalogue: feed().catalogue, database: failing(feed().database, load) };
      return new Receiver(context, from, {
        onOutcome: (arrival, outcome) => told.push([arrival.name, outcome]),
        observe: (one) => {
          if (one.event === 'not-settled') {
            unsettled.push(one.reason);
          }
        },
      });
    }
    /** Fates of one round of the program that runs. */
    async function round(): Promise<readonly string[]> {
      told = [];
      await receiver.round();
      return told.map(([, { fate, result }]) => `${fate} ${result.state}`);
    }
    /** The same with faults; a crash ends the program. */
    async function roundWith(faults: Faults): Promise<readonly string[]> {
      receiver = receiverOf(faulty(delivery, faults), faults.load);
      return round();
    }
    const rowsOf = async (from: number): Promise<number> =>
      (await feed().rows(`SELECT FROM feed."TracebuzzCases" WHERE "CaseId" / 1000 = ${from}`)).length;
    const idOf = (text: string): number => Math.floor(Number(/^\d+/m.exec(text.slice(text.indexOf('\n')))?.[0]) / 1000);
    const ledger = async (file: string): Promise<readonly string[]> =>
      (
        await feed().rows<{ s: string }>(
          `SELECT state || coalesce(' ' || outcome_code, '') AS s FROM gateway.load WHERE file_name = '${file}' ORDER BY load_id`,
        )
      ).map(({ s }) => s);

    it('a file arrives once, and is put away', async () => {
      const file = casesFile(3);
      ways.put(file.name, file.text);
      assert.deepEqual(await round(), ['accepted loaded']);
      assert.equal(await ways.place(file.name), 'accepted');
      assert.deepEqual(await round(), []);
      open();
      assert.deepEqual(await round(), []);
      assert.equal(await rowsOf(idOf(file.text)), 3);
    });

    it('a crash between load and settling: the bytes are known, and put away', async () => {
      const file = casesFile(2);
      ways.put(file.name, file.text);
      await roundWith({ crash: true });
      assert.deepEqual(unsettled, ['killed']);
      assert.deepEqual([await ledger(file.name), await ways.place(file.name)], [['loaded'], 'arriving']);
      open();
      assert.deepEqual(await round(), ['accepted duplicate']);
      assert.deepEqual([await ledger(file.name), await ways.place(file.name)], [['loaded', 'duplicate'], 'accepted']);
      assert.equal(await rowsOf(idOf(file.text)), 2);
    });

    it('a refused file is noted and put away, also after a crash', async () => {
      ways.put('nobody.csv', 'a,b\n1,2\n');
      ways.put('nothing.csv', '<html><title>502</title></html>');
      assert.deepEqual(await roundWith({ crash: true }), ['refused refused', 'refused refused']);
      assert.deepEqual([await ways.place('nobody.csv'), await ways.place('nothing.csv')].sort(), [
        'arriving',
        'refused',
      ]);
      open();
      assert.deepEqual(await round(), ['refused refused']);
      assert.deepEqual([await ways.place('nobody.csv'), await ways.place('nothing.csv')], ['refused', 'refused']);
      assert.equal((await ledger('nobody.csv'))[0], 'refused FileUnknown');
      assert.equal((await ledger('nothing.csv'))[0], 'refused FileNotCsv');
      assert.deepEqual(await round(), []);
    });

    it('known bytes under another name are no second load', async () => {
      const file = casesFile(1);
      ways.put(file.name, file.text);
      await round();
      ways.put('other.csv', file.text);
      assert.deepEqual(await round(), ['accepted duplicate']);
      assert.equal(await ways.place('other.csv'), 'accepted');
    });

    it('a file that changes while it is taken in is not put away, and comes again', async () => {
      const file = casesFile(2);
      const more = `${file.text}${file.text.trimEnd().split('\n').at(-1)?.replace(/1,/, '2,')}\n`;
      ways.put(file.name, file.text);
      await roundWith({ whenFetched: () => ways.put(file.name, more) });
      assert.equal(await ways.place(file.name), 'arriving');
      open();
      // A file that is loaded where it lies may have been read as it is now: its bytes are known then.
      assert.match((await round()).join(), /^accepted (loaded|duplicate)$/);
      assert.equal(await ways.place(file.name), 'accepted');
      assert.equal(await rowsOf(idOf(file.text)), 3);
    });

    it('what may pass by itself leaves the file where it is, and is told once', async () => {
      for (const faults of [{ load: restart() }, { fetch: unreadable() }]) {
        const file = casesFile(1);
        ways.put(file.name, file.text);
        assert.deepEqual(await roundWith(faults), ['waits failed']);
        assert.deepEqual([await ledger(file.name), await ways.place(file.name)], [[], 'arriving']);
        assert.deepEqual(await round(), ['accepted loaded']);
      }
      const file = casesFile(1);
      ways.put(file.name, file.text);
      const stubborn: Delivery = { ...faulty(delivery, {}), fetch: () => Promise.reject(unreadable()) };
      receiver = receiverOf(stubborn, undefined);
      assert.deepEqual([await round(), await round()], [['waits failed'], []]);
      open();
      assert.deepEqual(await round(), ['accepted loaded']);
    });

    it('what affects everything ends the round: all files wait', async () => {
      const files = [casesFile(1), casesFile(1)];
      for (const file of files) {
        ways.put(file.name, file.text);
      }
      await assert.rejects(roundWith({ load: away() }), { code: 'DatabaseUnavailable' });
      assert.deepEqual(await Promise.all(files.map((file) => ways.place(file.name))), ['arriving', 'arriving']);
      assert.deepEqual(await round(), ['accepted loaded', 'accepted loaded']);
    });

    it('a defect is noted, and the file put away: it does not come up for ever, nor keeps others back', async () => {
      const files = [casesFile(1), casesFile(1)];
      for (const file of files) {
        ways.put(file.name, file.text);
      }
      assert.deepEqual(await roundWith({ load: new Error('a defect') }), ['refused failed', 'accepted loaded']);
      const [first] = files;
      assert.equal(await ways.place(first?.name ?? ''), 'refused');
      assert.deepEqual(await ledger(first?.name ?? ''), ['failed Internal']);
      assert.deepEqual(await round(), []);
    });

    it('a file that may not be fetched at all is put away', async () => {
      const file = casesFile(1);
      ways.put(file.name, file.text);
      const refused = new GatewayError('FileNotCsv', 'Its name is no name.');
      assert.deepEqual(await roundWith({ fetch: refused }), ['refused failed']);
      assert.equal(await ways.place(file.name), 'refused');
    });

    it('nothing is lost and nothing is loaded twice, whatever fails in whatever order', async () => {
      const fault = fc.constantFrom<Faults>(
        {},
        { crash: true },
        { load: restart() },
        { load: away() },
        { fetch: unreadable() },
        { fetch: unreadable(), crash: true },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(fault, fc.boolean(), fc.nat(2)), { maxLength: 5 }), async (rounds) => {
          const files: { readonly name: string; readonly text: string }[] = [];
          for (const [faults, starts, arriving] of rounds) {
            for (let n = 0; n < arriving; n++) {
              const file = casesFile(2);
              files.push(file);
              ways.put(file.name, file.text);
            }
            if (starts) {
              open();
            }
            await roundWith(faults).catch((error: unknown) => {
              assert.ok(error instanceof GatewayError && error.affects === 'everything', String(error));
            });
          }
          open();
          await round();
          for (const { name, text } of files) {
            assert.equal(await ways.place(name), 'accepted', name);
            assert.equal(await rowsOf(idOf(text)), 2);
            assert.equal((await ledger(name)).filter((state) => state === 'loaded').length, 1);
          }
        }),
        { numRuns: runs },
      );
    });
  });
}
