import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GatewayError } from '../../src/errors.ts';
import { readArray, readObject } from '../../src/json/reading/json-scan.ts';
import { EnvelopeReader } from '../../src/json/reading/json-stream.ts';

interface Cut {
  readonly members: Record<string, unknown>;
  readonly rows: unknown[];
}

/** Reads a text in chunks of the sizes given, over and over. */
function cut(text: string, sizes: readonly number[]): Cut {
  const bytes = Buffer.from(text, 'utf8');
  const reader = new EnvelopeReader();
  const found: Cut = { members: {}, rows: [] };
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    for (const part of reader.push(bytes.subarray(at, at + size))) {
      if (part.kind === 'member') {
        found.members[part.name] = JSON.parse(part.raw.toString('utf8'));
      }
      if (part.kind === 'row') {
        found.rows.push(JSON.parse(part.raw.toString('utf8')));
      }
    }
    at += size;
  }
  reader.end();
  return found;
}

const rows = fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), { maxLength: 6 });
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
const names = fc.constantFrom('@odata.context', '@odata.count', '@odata.nextLink', 'x"\\y');

describe('EnvelopeReader', () => {
  it('finds the members and rows that JSON.parse finds, whatever the chunks', () => {
    fc.assert(
      fc.property(
        fc.dictionary(names, fc.jsonValue()),
        rows,
        fc.boolean(),
        sizes,
        fc.constantFrom(0, 2, '\t'),
        (members, value, first, chunks, indent) => {
          const text = JSON.stringify(first ? { value, ...members } : { ...members, value }, null, indent);
          const parsed = JSON.parse(text) as Record<string, unknown>;
          const { value: parsedRows, ...others } = parsed;
          const found = cut(text, chunks);
          assert.deepEqual(found.rows, parsedRows);
          assert.deepEqual(found.members, others);
        },
      ),
    );
  });

  it('refuses every text that is cut short', () => {
    const text = '{"@odata.context":"a","value":[{"a":"]}","b":[1,{}]},{"a":null}],"@odata.nextLink":"n"}';
    for (let length = 0; length < text.length; length++) {
      assert.throws(() => cut(text.slice(0, length), [7]), GatewayError, `cut after ${length}`);
    }
    assert.equal(cut(text, [7]).rows.length, 2);
  });

  for (const text of [
    '[]',
    '{"value":[1]}',
    '{"value":[{}}',
    '{"value":[{},]}',
    '{"value":[],}',
    '{"value":[]}x',
    '{"value" []}',
    '<html>',
    '{"value":[{}{}]}',
  ]) {
    it(`refuses ${text}`, () => {
      assert.throws(() => cut(text, [3]), GatewayError);
    });
  }

  it('passes over a byte order mark', () => {
    assert.deepEqual(cut('\ufeff{"value":[{}]}', [2]).rows, [{}]);
  });
});

describe('readObject', () => {
  it('agrees with JSON.parse on what is an object and on every value', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()),
        fc.constantFrom(0, 2),
        (value, indent) => {
          const text = JSON.stringify(value, null, indent);
          const again = Object.fromEntries(
            [...readObject(text)].map(([name, raw]) => [name, JSON.parse(raw) as unknown]),
          );
          assert.deepEqual(again, JSON.parse(text));
        },
      ),
    );
  });

  it('refuses what JSON.parse refuses, after any edit', () => {
    const text = '{"a":-1.50e+3,"b":["\\u00e9\\n",true,false,null,{"c":[]}],"d":{}}';
    const edit = fc.tuple(
      fc.nat(text.length),
      fc.nat(3),
      fc.constantFrom('', '"', '{', ',', '0', '\\', '-', '\u0001', ' '),
    );
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const changed = edits.reduce((now, [at, drop, put]) => now.slice(0, at) + put + now.slice(at + drop), text);
        let right = true;
        try {
          const parsed = JSON.parse(changed) as unknown;
          right = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
        } catch {
          right = false;
        }
        if (right) {
          readObject(changed);
        } else {
          assert.throws(() => readObject(changed), GatewayError, changed);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps the digits of numbers', () => {
    assert.equal(readObject('{"n":12345678901234567890.1200}').get('n'), '12345678901234567890.1200');
    assert.deepEqual(readArray('[ 1.0 , "a,b" ]'), ['1.0', '"a,b"']);
  });
});
