import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { typeNames } from '../../src/catalogue/compile/schema/schema.ts';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { type TestGateway, testGateway } from '../support/gateway.ts';

type ShortName = (typeof typeNames)[number];

/** Keys of each type that may be one, as cells of a file; the last row of each set is gone from the second delivery. */
export const keys: Partial<Record<ShortName, readonly string[]>> = {
  Boolean: ['true', 'false'],
  Byte: ['0', '255'],
  Date: ['2024-02-29', '1999-12-31', '2024-01-02'],
  DateTimeOffset: [
    '2024-01-02T03:04:05Z',
    '2024-01-02T03:04:05.1Z',
    '2024-01-02T03:04:05.123456Z',
    '2024-03-04T00:00:00Z',
  ],
  Decimal: ['1.50', '-0.10', '100', '0.0000001', '12345678901234567890.12'],
  Duration: ['PT25H', '-PT1M30.5S', 'PT0S', 'P1DT2H3M4.5S', 'PT90M', 'PT0.000001S'],
  Guid: ['C4CA4238-A0B9-2382-0DCC-509A6F75849B', '0cc175b9-c0f1-b6a8-31c3-99e269772661'],
  Int16: ['-5', '300'],
  Int32: ['-5', '2147483647'],
  Int64: ['-5', '9223372036854775807', '0'],
  SByte: ['-5', '7'],
  String: ["it's", 'a b', 'a/b', 'a:b,c', '(x)!*~-._', '+&=?#%@$', 'é漢😀', 'a"b\\c', 'gone'],
  TimeOfDay: ['10:15:00', '10:15:00.5', '00:00:00', '23:59:59.999999', '08:30:00'],
};

/** Rows of `Things`: columns by name, cells as in a file. */
const things: readonly Readonly<Record<string, string>>[] = [
  {
    Id: '1',
    OwnerId: '1',
    Binary: 'AQID',
    Boolean: 'true',
    Byte: '200',
    Date: '2024-02-29',
    DateTimeOffset: '2024-01-02T03:04:05.678901Z',
    Decimal: '12345678901234567.89',
    Double: '248668584.15709278',
    Duration: '-PT1M30.5S',
    Guid: 'c4ca4238-a0b9-2382-0dcc-509a6f75849b',
    Int16: '-300',
    Int32: '70000',
    Int64: '9223372036854775807',
    SByte: '-5',
    Single: '0.1',
    String: 'é "x" \\ 漢😀',
    TimeOfDay: '10:15:00.25',
  },
  {
    Id: '2',
    OwnerId: '1',
    Binary: '////',
    Boolean: 'false',
    Byte: '0',
    Date: '1999-12-31',
    DateTimeOffset: '1999-12-31T23:59:59Z',
    Decimal: '-0.10',
    Double: '0.1',
    Duration: 'PT25H',
    Guid: '0cc175b9-c0f1-b6a8-31c3-99e269772661',
    Int16: '1',
    Int32: '-1',
    Int64: '0',
    SByte: '5',
    Single: '16777216',
    String: 'b',
    TimeOfDay: '00:00:00',
  },
  { Id: '3', OwnerId: '2' },
  { Id: '5', OwnerId: '3' },
  { Id: '4', OwnerId: '', Double: '1e200', Single: '1e-30', Decimal: '0.5', Int64: '-9223372036854775808' },
];

const examples: Readonly<Record<ShortName, string>> = {
  Binary: 'AQID',
  Boolean: 'true',
  Byte: '1',
  Date: '2024-01-02',
  DateTimeOffset: '2024-01-02T03:04:05Z',
  Decimal: '1.5',
  Double: '1.5',
  Duration: 'PT1H',
  Guid: 'c4ca4238-a0b9-2382-0dcc-509a6f75849b',
  Int16: '1',
  Int32: '1',
  Int64: '1',
  SByte: '1',
  Single: '1.5',
  String: 'x',
  TimeOfDay: '10:15:00',
};

const property = (type: ShortName, more: object = {}) => ({
  type,
  personalData: 'none',
  description: `A ${type}.`,
  example: examples[type],
  ...more,
});

const source = {
  name: 'types',
  title: 'Types',
  kind: 'files',
  prefix: '',
  description: 'One of each.',
  files: { timeZone: 'UTC', delimiters: [';'] },
};

const exported = (set: string, entity: string, key: readonly string[], properties: object) => ({
  set,
  entity,
  title: set,
  description: `Rows of ${set}.`,
  files: [{ name: `^${set.toLowerCase()}-\\d+\\.csv$`, example: `${set.toLowerCase()}-1.csv` }],
  key,
  write: { mode: 'snapshot', missing: 'hide' },
  properties,
});

const csv = (rows: readonly Readonly<Record<string, string>>[], names: readonly string[]): string =>
  [names, ...rows.map((row) => names.map((name) => row[name] ?? ''))]
    .map((cells) => cells.map((cell) => (/[";\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(';'))
    .join('\n');

/** A feed of sets with a key of each type, and `Things` with a property of each, over real HTTP on a real PostgreSQL. */
export interface EveryType extends TestGateway {
  /** Delivers the sets with keys again without the last row of each. */
  removeLast(): Promise<void>;
}

export async function everyType(): Promise<EveryType> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-types-'));
  const metadata = path.join(folder, 'metadata');
  mkdirSync(path.join(metadata, 'types'), { recursive: true });
  const write = (name: string, content: unknown): void =>
    writeFileSync(path.join(metadata, 'types', `${name}.yaml`), JSON.stringify(content));
  const { name: _, ...described } = source;
  write('source', described);
  for (const type of Object.keys(keys) as ShortName[]) {
    const properties = { K: property(type, { header: `${type}_K` }), Note: property('String', { header: 'Note' }) };
    write(`by-${type.toLowerCase()}`, exported(`By${type}s`, `By${type}`, ['K'], properties));
  }
  const two = { A: property('String'), B: property('DateTimeOffset'), Note: property('String') };
  write('by-two', exported('ByTwos', 'ByTwo', ['A', 'B'], two));
  write('owners', exported('Owners', 'Owner', ['OwnerId'], { OwnerId: property('Int64'), Name: property('String') }));
  write(
    'things',
    exported('Things', 'Thing', ['Id'], {
      Id: property('Int64'),
      OwnerId: property('Int64', { references: { set: 'Owners', as: 'Owner', partner: 'Things' } }),
      ...Object.fromEntries(typeNames.map((type) => [type, property(type)])),
    }),
  );
  const gateway = await testGateway(metadata, {}, feedCapabilities);
  const load = async (file: string, content: string): Promise<void> => {
    writeFileSync(path.join(folder, file), content);
    const result = await loadFile(gateway, path.join(folder, file), { force: true });
    assert.ok(result.state === 'loaded' && result.counts.rejected === 0, `${file}: ${JSON.stringify(result)}`);
  };
  const loadKeys = async (delivery: number): Promise<void> => {
    const kept = <T>(rows: readonly T[]): readonly T[] => (delivery === 1 ? rows : rows.slice(0, -1));
    for (const [type, cells = []] of Object.entries(keys)) {
      const rows = kept(cells).map((K) => ({ [`${type}_K`]: K, Note: `n${delivery}` }));
      await load(`by${type.toLowerCase()}s-${delivery}.csv`, csv(rows, [`${type}_K`, 'Note']));
    }
    const pairs = ["it's,", 'b'].map((A) => ({ A, B: '2024-01-02T03:04:05.5Z', Note: `n${delivery}` }));
    await load(`bytwos-${delivery}.csv`, csv(kept(pairs), ['A', 'B', 'Note']));
  };
  await loadKeys(1);
  await load(
    'owners-1.csv',
    csv([{ OwnerId: '1', Name: 'Ann' }, { OwnerId: '2', Name: 'Bob' }, { OwnerId: '3' }], ['OwnerId', 'Name']),
  );
  await load('things-1.csv', csv(things, ['Id', 'OwnerId', ...typeNames]));
  return {
    ...gateway,
    removeLast: () => loadKeys(2),
    async close() {
      await gateway.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
