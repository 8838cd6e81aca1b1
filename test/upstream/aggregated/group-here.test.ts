import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Property } from '../../../src/edm/model.ts';
import { areSame, groupedHere, sumOf, type Values, valuesOf } from '../../../src/upstream/aggregated/group-here.ts';
import type { AggregatedItem } from '../../../src/upstream/upstream.ts';
import { entityType, property } from '../../edm/small-model.ts';

const type = entityType(
  'Call',
  ['Id'],
  [
    property('Id', 'Edm.Int64', { nullable: false }),
    property('Cost', 'Edm.Decimal'),
    property('At', 'Edm.DateTimeOffset', { precision: 6 }),
    property('Team', 'Edm.String'),
  ],
);
const of = (name: string): Property => type.properties.get(name) ?? assert.fail(name);
const item = (method: AggregatedItem['method'], name: string | null): AggregatedItem => ({
  ...{ method, property: name === null ? null : of(name) },
  result: property('R', 'Edm.Decimal'),
});
const read = (rows: readonly object[]): readonly Values[] =>
  rows.map((row) => valuesOf(type)(JSON.stringify(row)) ?? assert.fail());
const result = (rows: readonly object[], one: AggregatedItem): string | null | undefined =>
  groupedHere(read(rows), { grouping: [], computed: [], items: [one] })[0]?.get('R');

describe('rows of a trial, added up here', () => {
  it('values are what they mean, however they are written', () => {
    const [values] = read([{ id: '7', Cost: 1.5e1, At: '2026-01-01T01:00:00.1000004+01:00', Team: 'a ' }]);
    assert.deepEqual(
      [...(values ?? [])],
      [
        ['Id', '7'],
        ['Cost', '15'],
        ['At', '2026-01-01T00:00:00.1Z'],
        ['Team', 'a '],
      ],
    );
    assert.equal(valuesOf(type)('{"Id":1,"Cost":"much"}'), null);
  });

  it('nulls are left out of all but the count of rows', () => {
    const rows = [
      { Id: 1, Cost: null },
      { Id: 2, Cost: 2.5 },
      { Id: 3, Cost: -1 },
      { Id: 4, Cost: 2.5 },
    ];
    const told = (['sum', 'min', 'max', 'countdistinct'] as const).map((method) => result(rows, item(method, 'Cost')));
    assert.deepEqual(told, ['4', '-1', '2.5', '2']);
    assert.equal(result(rows, item('count', null)), '4');
    const nulls = (['sum', 'min', 'max', 'countdistinct'] as const).map((method) =>
      result(rows.slice(0, 1), item(method, 'Cost')),
    );
    assert.deepEqual(nulls, [null, null, null, '0']);
    assert.equal(result([], item('count', null)), '0');
  });

  it('a moment with a fraction comes behind the one without', () => {
    const rows = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5Z', '2026-01-01T02:00:00+02:00'].map((At, Id) => ({
      Id,
      At,
    }));
    assert.equal(result(rows, item('max', 'At')), '2026-01-01T00:00:00.5Z');
    assert.equal(result(rows, item('countdistinct', 'At')), '2');
  });

  it('null is a group of its own, and no order of groups is wrong', () => {
    const rows = read([{ Id: 1, Team: 'a' }, { Id: 2 }, { Id: 3, Team: 'A' }, { Id: 4, Team: null }]);
    const groups = groupedHere(rows, { grouping: [of('Team')], computed: [], items: [item('count', null)] });
    assert.deepEqual(
      groups.map((group) => [...group.values()]),
      [
        ['a', '1'],
        [null, '2'],
        ['A', '1'],
      ],
    );
    assert.ok(areSame(groups.toReversed(), groups));
    assert.ok(!areSame([...groups, ...groups.slice(0, 1)], groups));
    assert.ok(!areSame([null, ...groups.slice(1)], groups));
  });

  it('sums are exact, of any size', () => {
    assert.equal(sumOf(['0.1', '0.2']), '0.3');
    assert.equal(sumOf(['9000000000000000001', '9000000000000000001']), '18000000000000000002');
    const hundredths = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
    const text = (value: bigint): string => {
      const digits = (value < 0n ? -value : value).toString().padStart(3, '0');
      return `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
    };
    fc.assert(
      fc.property(fc.array(hundredths, { minLength: 1, maxLength: 6 }), (values) => {
        const total = values.reduce((sum, value) => sum + value, 0n);
        assert.ok(areSame([new Map([['R', sumOf([text(total)])]])], [new Map([['R', sumOf(values.map(text))]])]));
      }),
    );
  });
});
