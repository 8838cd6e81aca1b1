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
  ['Edm.Date', '"2023-02-29"', null],
  ['Edm.Date', '"2024-02-29T00:00:00Z"', null],
  ['Edm.TimeOfDay', '"23:59:59.1234567"', '"23:59:59.1234567"'],
  ['Edm.TimeOfDay', '"24:00:00"', null],
  ['Edm.Duration', '"-P1DT2.5S"', '"-P1DT2.5S"'],
  ['Edm.Duration', '"1:30"', null],
  ['Edm.Guid', '"12AD7c5b-2f25-4bb1-a9c5-6ad9d6d2c3bd"', '"12AD7c5b-2f25-4bb1-a9c5-6ad9d6d2c3bd"'],
  ['Edm.Guid', '"12ad7c5b2f254bb1a9c56ad9d6d2c3bd"', null],
  ['Edm.Guid', '""', null],
  ['Edm.DateTimeOffset', '"2023-02-29T12:00:00Z"', null],
  ['Edm.DateTimeOffset', '"2024-13-01T12:00:00Z"', null],
  ['Edm.DateTimeOffset', '"2024-01-01T24:00:00Z"', null],
  ['Edm.DateTimeOffset', '"2024-01-01T12:00:00+15:00"', null],
  ['Edm.DateTimeOffset', '"0001-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"'],
  ['Edm.DateTimeOffset', '"0001-01-01T00:00:00+01:00"', null],
  ['Edm.Int64', '9223372036854775807', '9223372036854775807'],
  ['Edm.Int64', '-9223372036854775808', '-9223372036854775808'],
  ['Edm.Int64', '9223372036854775808', null],
  ['Edm.Int64', '1e30', null],
  ['Edm.Int64', '0000000000000000005', null],
  ['Edm.Int32', '2147483647', '2147483647'],
  ['Edm.Int32', '2147483648', null],
  ['Edm.Int16', '-32769', null],
  ['Edm.Byte', '255', '255'],
  ['Edm.Byte', '-1', null],
  ['Edm.SByte', '-128', '-128'],
  ['Edm.SByte', '128', null],
  ['Edm.Double', '1e400', null],
  ['Edm.Double', '"-1E309"', null],
  ['Edm.Double', '1e-400', '1e-400'],
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
