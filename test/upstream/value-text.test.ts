import assert from 'node:assert/strict';
import type { PrimitiveTypeName } from '../../src/edm/model.ts';
import { valueText } from '../../src/json/reading/value-text.ts';
import { property } from '../edm/small-model.ts';

type Case = readonly [type: PrimitiveTypeName, raw: string, served: string | null, ieee754?: boolean];

/** null: refused. */
const cases: readonly Case[] = [
  ['Edm.Int64', '9007199254740993', '9007199254740993'],
  ['Edm.Int64', '"9007199254740993"', '9007199254740993'],
  ['Edm.Int64', '9007199254740993', '"9007199254740993"', true],
  ['Edm.Decimal', '"1.10"', '1.10'],
  ['Edm.Decimal', '1.10', '"1.10"', true],
  ['Edm.Decimal', '"a"', null],
  ['Edm.Int32', '5', '5'],
  ['Edm.Int32', '5', '5', true],
  ['Edm.Int32', 'true', null],
  ['Edm.Double', '"-INF"', '"-INF"'],
  ['Edm.Double', '1e3', '1e3'],
  ['Edm.Double', '"Infinity"', null],
  ['Edm.Boolean', 'true', 'true'],
  ['Edm.Boolean', '"true"', null],
  ['Edm.String', '"\\u00e9\\n"', '"\\u00e9\\n"'],
  ['Edm.String', '3', '"3"'],
  ['Edm.String', '{"a":1}', null],
  ['Edm.String', 'null', 'null'],
  ['Edm.DateTimeOffset', '"2024-02-29T12:00:00.1234567Z"', '"2024-02-29T12:00:00.1234567Z"'],
  ['Edm.DateTimeOffset', '"2024-02-29T12:00:00+02:00"', '"2024-02-29T12:00:00+02:00"'],
  ['Edm.DateTimeOffset', '"2024-02-29T12:00:00"', '"2024-02-29T12:00:00Z"'],
  ['Edm.DateTimeOffset', '"2024-02-29 12:00"', '"2024-02-29T12:00:00Z"'],
  ['Edm.DateTimeOffset', '"2024-02-29"', '"2024-02-29T00:00:00Z"'],
  ['Edm.DateTimeOffset', '""', null],
  ['Edm.Date', '"2024-02-29"', '"2024-02-29"'],
  ['Edm.Date', '20240229', null],
];

describe('valueText', () => {
  for (const [type, raw, served, ieee754 = false] of cases) {
    it(`${type} ${raw}${ieee754 ? ' with IEEE754Compatible' : ''} is ${served ?? 'refused'}`, () => {
      const convert = valueText(property('p', type), ieee754);
      if (served === null) {
        assert.throws(() => convert(raw), /p is .*, which is no/);
      } else {
        assert.equal(convert(raw), served);
      }
    });
  }

  it('converts the members of a collection', () => {
    const convert = valueText(property('p', 'Edm.Int64', { collection: true }), true);
    assert.equal(convert('[ 1, null,"2" ]'), '["1",null,"2"]');
    assert.equal(convert('null'), '[]');
    assert.throws(() => convert('5'));
  });
});
