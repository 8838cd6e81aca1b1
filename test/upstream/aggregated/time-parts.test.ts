import assert from 'node:assert/strict';
import { momentsOf, partOf } from '../../../src/upstream/aggregated/time-parts.ts';

describe('parts of times', () => {
  it('are those of the text, which is in UTC', () => {
    const text = '2026-03-09T05:07:08.123456Z';
    const told = (['year', 'month', 'day', 'hour', 'minute', 'date'] as const).map((part) => partOf(part, text));
    assert.deepEqual(told, ['2026', '3', '9', '5', '7', '2026-03-09']);
    assert.equal(partOf('month', '2026-10-01'), '10');
  });

  it('are tried by day and night of both halves of a year, and with an offset', () => {
    const moments = momentsOf('at', '2026-01-31T23:30:00.5Z');
    assert.deepEqual(
      moments.map(({ expression, text }) => [expression, partOf('date', text), partOf('hour', text)]),
      [
        ["at add duration'P0DT0H'", '2026-01-31', '23'],
        ["at add duration'P0DT6H'", '2026-02-01', '5'],
        ["at add duration'P0DT12H'", '2026-02-01', '11'],
        ["at add duration'P0DT18H'", '2026-02-01', '17'],
        ["at add duration'P182DT0H'", '2026-08-01', '23'],
        ["at add duration'P182DT6H'", '2026-08-02', '5'],
        ["at add duration'P182DT12H'", '2026-08-02', '11'],
        ["at add duration'P182DT18H'", '2026-08-02', '17'],
        ['2026-07-01T10:30:00+02:00', '2026-07-01', '8'],
      ],
    );
  });
});
