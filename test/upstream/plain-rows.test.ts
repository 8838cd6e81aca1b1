import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EntityType, Property } from '../../src/edm/model.ts';
import type { JsonFormat } from '../../src/json/json-format.ts';
import { openEnvelope } from '../../src/json/reading/envelope.ts';
import { PlainRows } from '../../src/json/reading/plain-rows.ts';
import { rowText } from '../../src/json/reading/row-text.ts';
import type { Selection } from '../../src/plan/model/read-plan.ts';
import { entitySet, entityType, property } from '../edm/small-model.ts';
import { readOptions } from './tenant.ts';

const type = entityType(
  'Row',
  ['id'],
  [
    property('id', 'Edm.Int64', { nullable: false }),
    property('text', 'Edm.String'),
    property('at', 'Edm.DateTimeOffset'),
    property('cost', 'Edm.Decimal'),
    property('score', 'Edm.Double'),
    property('flag', 'Edm.Boolean'),
    property('dáy', 'Edm.Date'),
    property('small', 'Edm.Byte'),
    property('bytes', 'Edm.Binary'),
    property('tags', 'Edm.String', { collection: true }),
    property('uid', 'Edm.Guid'),
  ],
);

function selectionOf(names: readonly string[], of: EntityType = type): Selection {
  const properties = names.map((name) => of.properties.get(name) ?? assert.fail(name));
  return {
    set: entitySet('Rows', of),
    type: of,
    properties,
    computed: [],
    expands: [],
    selected: true,
    selectedNavigations: [],
  };
}

const all = [...type.properties.keys()];
const plainOf = (selection: Selection, format: JsonFormat = readOptions()): PlainRows =>
  PlainRows.suits(selection, format) ? new PlainRows(selection, format) : assert.fail('not plain');

/** What is made of a row without another look; null: that is needed. */
function taken(row: string, selection: Selection, format: JsonFormat = readOptions()): string | null {
  const plain = plainOf(selection, format);
  const bytes = Buffer.from(`,${row},`);
  if (plain.take(bytes, 1) !== bytes.length - 1) {
    return null;
  }
  const block = plain.block();
  assert.equal(block?.rows, 1);
  return Buffer.from(block.bytes).toString();
}

/** Raw values of JSON, right and wrong ones of every type. */
const rawValues = [
  ...[
    'null',
    'true',
    'false',
    'truer',
    'nul',
    '0',
    '-0',
    '7',
    '-7',
    '30.0',
    '1.50',
    '1E2',
    '1e-7',
    '01',
    '-',
    '1.',
    '.5',
  ],
  ...[
    '12345678901234567',
    '0.1234567890123456',
    '9007199254740993',
    '"INF"',
    '"30"',
    '"true"',
    '[]',
    '[null]',
    '["a","b"]',
  ],
  ...[
    '{}',
    '{"a":1}',
    '""',
    '"a"',
    '"\\u00e9\\n\\""',
    '"\\x"',
    '"\\u00g0"',
    '"é😀"',
    '"a\tb"',
    '"a',
    '"AQI="',
    '"AQI"',
    '"-_"',
  ],
  ...['"2026-01-05"', '"2026-01-05T08:00:00Z"', '"2026-01-05T08:00:00.1234567+02:00"', '"2026-01-05T08:00:00"'],
  ...['"2026-01-05T08:00Z"', '"2026-01-05 08:00:00Z"', '"2026-1-05T08:00:00Z"', '"2026-01-05T08:00:00.Z"'],
  ...[
    '"2026-02-29T08:00:00Z"',
    '"2024-02-29T08:00:00Z"',
    '"2026-04-31T08:00:00Z"',
    '"2026-12-31T23:59:59Z"',
    '"2026-00-10"',
  ],
  ...[
    '"2026-12-31T23:59:60Z"',
    '"9999-12-31T23:59:59-01:00"',
    '"0001-01-01T00:00:00Z"',
    '"2026-01-31"',
    '"2026-06-31"',
  ],
  ...['"2026-01-05T08:00:00+14:00"', '"2026-01-05T08:00:00-14:30"', '"2026-01-05T08:60:00Z"', '"2026-01-00T00:00:00Z"'],
  ...['1e400', '1E+99', '1e-400', '-1e099', '255', '256', '-1', '99', '9223372036854775807', '9223372036854775808'],
  ...[
    '"12AD7c5b-2f25-4bb1-a9c5-6ad9d6d2c3bd"',
    '"12ad7c5b-2f25-4bb1-a9c5-6ad9d6d2c3bg"',
    '"12ad7c5b2f25-4bb1-a9c5-6ad9d6d2c3bd-"',
  ],
  ...['"2026-01-05T08:00:00.1234567890123Z"', '"2026-01-05T08:00:00+0200"', '"12026-01-05T08:00:00Z"'],
];

const memberNames = [...all, 'other', 'text@odata.type', '@odata.etag', 'd\\u00e1y', 'Text'];
const spaces = fc.constantFrom('', '', '', '', ' ', '\n\t');
const member = fc.tuple(fc.constantFrom(...memberNames), spaces, spaces, fc.constantFrom(...rawValues), spaces);
const anyRow = fc
  .array(member)
  .map((members) => `{${members.map(([name, a, b, raw, c]) => `${a}"${name}"${b}:${raw}${c}`).join(',')}}`);
/** Members in the order of the type, of which some are missing, with values that fit. */
const rightValues: Readonly<Record<string, readonly string[]>> = {
  id: ['1', '-7', '30.0', '"8"'],
  text: ['"a"', '"é😀"', '"\\u00e9"', 'null', '3'],
  at: ['"2026-01-05T08:00:00Z"', '"2026-01-05T08:00:00.123+02:00"', '"2026-01-05"', 'null'],
  cost: ['1.50', '0', '1E2', 'null'],
  score: ['1.5', '1e-7', '-0', '0.1234567890123456', '"NaN"', 'null'],
  flag: ['true', 'false', 'null'],
  dáy: ['"2026-01-05"', 'null'],
  small: ['7', 'null'],
  bytes: ['null', '"AQI"'],
  tags: ['[]', '["a"]', 'null'],
};
const rightRow = fc
  .tuple(...all.map((name) => fc.constantFrom(...(rightValues[name] ?? []), null)))
  .map((raws) => raws.flatMap((raw, at) => (raw === null ? [] : [`"${all[at]}":${raw}`])))
  .map((members) => `{${members.join(',')}}`);

/** Pieces of these sizes, over and over. */
async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

interface Written {
  readonly text: string;
  readonly rows: number;
  readonly next: string | undefined;
}

/** What the rows of a reply become: as they stand in its bytes, or one by one by `rowText`. An error is its message. */
async function written(
  body: Buffer,
  sizes: readonly number[],
  { selection, format, how }: { selection: Selection; format: JsonFormat; how: 'bytes' | 'texts' },
): Promise<Written | string> {
  const row = rowText(selection, format);
  const one = (raw: Buffer): Promise<string> => {
    assert.equal(Buffer.from(raw.toString()).compare(raw), 0, 'UTF-8');
    return row(raw.toString(), async () => []);
  };
  const texts: string[] = [];
  let rows = 0;
  try {
    const envelope = await openEnvelope(pieces(body, sizes));
    if (how === 'bytes' && sizes.length % 2 === 0) {
      // The first row was looked at before.
      await envelope.first();
    }
    if (how === 'texts') {
      for await (const raw of envelope.rows) {
        texts.push(await one(raw));
        rows += 1;
      }
    } else {
      for await (const block of envelope.written(plainOf(selection, format), one)) {
        texts.push(Buffer.from(block.bytes).toString());
        rows += block.rows;
      }
    }
    return { text: texts.join(','), rows, next: envelope.members.get('@odata.nextLink')?.toString() };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('PlainRows', () => {
  it('writes what rowText writes, of every row and in whatever pieces it comes, and refuses what that refuses', async () => {
    const rows = fc.array(fc.oneof({ weight: 4, arbitrary: rightRow }, { weight: 1, arbitrary: anyRow }), {
      maxLength: 8,
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 });
    const formats = fc.record({ omitNulls: fc.boolean(), ieee754Compatible: fc.boolean() });
    const names = fc.oneof(fc.constant(all), fc.shuffledSubarray(all, { minLength: 1 }));
    const seen = { whole: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(rows, sizes, formats, names, spaces, async (given, chunks, more, chosen, space) => {
        const body = Buffer.from(`{"value":[${given.join(`${space},`)}],"@odata.nextLink":"n"}`);
        const place = { selection: selectionOf(chosen), format: readOptions(more) };
        const [bytes, texts] = [
          await written(body, chunks, { ...place, how: 'bytes' }),
          await written(body, chunks, { ...place, how: 'texts' }),
        ];
        assert.deepEqual(bytes, texts);
        seen[typeof texts === 'string' ? 'refused' : 'whole'] += 1;
      }),
      { numRuns: 1000 },
    );
    assert.ok(seen.whole > 100 && seen.refused > 100, JSON.stringify(seen));
  });

  const row =
    '{"id":1,"text":"\\u00e9é","at":"2026-01-05T08:00:00.1234567Z","cost":1.50,"score":-0.5,"flag":true,"dáy":"2026-01-05","small":null,"bytes":null,"tags":[],"uid":"12ad7c5b-2f25-4bb1-a9c5-6ad9d6d2c3bd"}';

  it('a row as it is asked for is copied', () => {
    assert.equal(taken(row, selectionOf(all)), row);
  });

  for (const [raw, names, expected] of [
    ['{"text":"a","id":1}', ['id', 'text'], '{"id":1,"text":"a"}'],
    ['{"@odata.etag":"W/1","id":1,"other":-1.5e3,"text":"a"}', ['id', 'text'], '{"id":1,"text":"a"}'],
    ['{ "id" : 1\n}', ['id', 'text', 'tags'], '{"id":1,"text":null,"tags":[]}'],
    ['{"id":1,"other":{"a":1}}', ['id'], null],
    ['{"id":1,"id":2}', ['id'], null],
    ['{"id":1,}', ['id'], null],
    ['{"id":30.0}', ['id'], null],
    ['{"id":"30"}', ['id'], null],
    ['{"id":01}', ['id'], null],
    ['{"text":3}', ['text'], null],
    ['{"text":"a\tb"}', ['text'], null],
    ['{"text":"\\u00g0"}', ['text'], null],
    ['{"at":"2026-01-05T08:00:00"}', ['at'], null],
    ['{"at":"2026-01-05T08:00:00+02:00"}', ['at'], '{"at":"2026-01-05T08:00:00+02:00"}'],
    ['{"cost":1E2}', ['cost'], null],
    ['{"score":1e-7}', ['score'], '{"score":1e-7}'],
    ['{"score":1e400}', ['score'], null],
    ['{"small":100}', ['small'], null],
    ['{"at":"2026-02-29T08:00:00Z"}', ['at'], null],
    ['{"at":"2026-12-31T08:00:00Z"}', ['at'], '{"at":"2026-12-31T08:00:00Z"}'],
    ['{"uid":"12ad7c5b"}', ['uid'], null],
    ['{"id":null,"text":"a"}', ['id', 'text'], null],
    ['{"text":"a"}', ['id', 'text'], null],
    ['{"score":0.12345678901234}', ['score'], null],
    ['{"score":-0}', ['score'], null],
    ['{"flag":false}', ['flag'], '{"flag":false}'],
    ['{"tags":["a"]}', ['tags'], null],
    ['{"d\\u00e1y":"2026-01-05"}', ['dáy'], null],
    ['{"other":1}', ['id'], null],
    ['{}', ['id'], null],
  ] as const) {
    it(`${raw} is ${expected ?? 'looked at again'}`, () => assert.equal(taken(raw, selectionOf(names)), expected));
  }

  it('nulls are left out, and long numbers are texts, where that is asked for', () => {
    const few = selectionOf(['id', 'text', 'cost', 'small']);
    const raw = '{"id":1,"text":null,"cost":1.50,"small":7}';
    assert.equal(taken(raw, few, readOptions({ omitNulls: true })), '{"id":1,"cost":1.50,"small":7}');
    assert.equal(
      taken(raw, few, readOptions({ ieee754Compatible: true })),
      '{"id":"1","text":null,"cost":"1.50","small":7}',
    );
    assert.equal(taken('{"text":null}', selectionOf(['text']), readOptions({ omitNulls: true })), '{}');
  });

  it('bytes that are no UTF-8 are refused, whether the row is copied or put together', () => {
    for (const names of [['id', 'text'], ['text']]) {
      const plain = plainOf(selectionOf(names));
      const bytes = Buffer.concat([Buffer.from('{"id":1,"text":"'), Buffer.from([0xc3]), Buffer.from('"}')]);
      assert.throws(() => {
        assert.equal(plain.take(bytes, 0), bytes.length);
        plain.block();
      });
    }
  });

  describe('properties that the feed calls otherwise', () => {
    const renamed = (one: Property, name: string, divisor: number | null = null): Property => ({
      ...one,
      upstream: { name, divisor },
    });
    const of = (text: Property, small: Property): EntityType =>
      entityType('Row', ['id'], [property('id', 'Edm.Int64'), text, small]);
    const text = property('text', 'Edm.String');
    const small = property('small', 'Edm.Int32');

    it('are written under our names; one of these in the row is looked at again', () => {
      const selection = selectionOf(['id', 'text'], of(renamed(text, 'Topic'), small));
      assert.equal(taken('{"id":1,"Topic":"a"}', selection), '{"id":1,"text":"a"}');
      assert.equal(taken('{"id":1,"text":"a"}', selection), null);
    });

    it('are left to rowText where they are in another unit, or names go round', () => {
      for (const other of [
        of(text, renamed(small, 'Length', 1000)),
        of(renamed(text, 'small'), renamed(small, 'text')),
      ]) {
        assert.equal(PlainRows.suits(selectionOf(['id', 'text'], other), readOptions()), false);
      }
    });
  });

  it('rows with links, or with types, are left to rowText', () => {
    for (const more of [{ metadata: 'full' }, { mixed: true }] as const) {
      assert.equal(PlainRows.suits(selectionOf(all), readOptions(more)), false);
    }
  });
});
