import { deepEqual, equal } from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { takeApart } from '../../src/ingest/merge/direct-lines.ts';
import { copyLine } from '../../src/sql/copy-line.ts';
import { anyCharacter } from '../support/any-character.ts';

const marks = '\t7\t12\tnow';
const cell = fc.option(fc.oneof(fc.string({ unit: anyCharacter }), fc.constantFrom('\\N', '\t', '\n', '\\', '')), {
  nil: null,
});
const row = fc.record({
  line: fc.nat(),
  fault: fc.option(fc.constantFrom('InvalidValue', 'N', 'x\ty'), { nil: null, freq: 2 }),
  message: cell,
  values: fc.array(cell, { minLength: 2, maxLength: 2 }),
});

describe('Lines of COPY that go straight into a table', () => {
  const taken = (text: string) => {
    const apart = takeApart(Buffer.from(text), Buffer.from(marks));
    return [apart.taken, apart.left].map((part) => (part === null ? null : Buffer.from(part).toString()));
  };

  it('have the line, the values and the marks; those of rejected rows stay as they are', () => {
    deepEqual(taken('5\t0\t9\t\\N\t\\N\t\\N\t\\N\t\\N\ta\t\\N\n6\t9\t12\tBad\tP\t\\N\tno\traw\tb\tc\n'), [
      '5\ta\t\\N\t7\t12\tnow\n',
      '6\t9\t12\tBad\tP\t\\N\tno\traw\tb\tc\n',
    ]);
    deepEqual(taken(''), [null, null]);
  });

  it('are those of all rows, whatever the cells are', () => {
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const whole = rows.map(({ line, fault, message, values }) =>
          copyLine([String(line), '0', '10', fault, null, null, fault === null ? null : message, null, ...values]),
        );
        const [good, bad] = [
          rows.filter(({ fault }) => fault === null),
          whole.filter((_, index) => rows[index]?.fault !== null),
        ];
        const wanted = good.map(({ line, values }) => copyLine([String(line), ...values]).replace(/\n$/, `${marks}\n`));
        const [direct, left] = taken(whole.join(''));
        equal(direct ?? '', wanted.join(''));
        equal(left ?? '', bad.join(''));
      }),
    );
  });

  it('may be longer than what they were made of', () => {
    const long = Buffer.from(`\t${'m'.repeat(3000)}`);
    const apart = takeApart(Buffer.from('1\t0\t1\t\\N\t\\N\t\\N\t\\N\t\\N\ta\n'.repeat(3)), long);
    equal(Buffer.from(apart.taken ?? []).toString(), `1\ta${long.toString()}\n`.repeat(3));
  });
});
