import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describePlan } from '../../src/plan/model/describe.ts';
import { bindText } from './bind-text.ts';

/** A value that no plan has in its names, with characters that could end a quoted text. */
const secret = fc
  .string({ unit: fc.constantFrom("'", '"', '\\', '?', ' ', 'é', '\n', ':', '(', '0') })
  .map((text) => `§${text}§`);

const text = (value: string): string => encodeURIComponent(`'${value.replaceAll("'", "''")}'`);
const word = (value: string): string => encodeURIComponent(`"${value.replace(/["\\]/g, '\\$&')}"`);

const urls: readonly ((value: string) => string)[] = [
  (value) =>
    `Cases?$filter=Title eq ${text(value)} or contains(Title,${text(value)}) and Title in (${text(value)},null)`,
  (value) => `Cases?$search=${word(value)}`,
  (value) => `Tags(${text(value)})`,
  (value) => `Cases?$compute=concat(Title,${text(value)}) as X&$orderby=X desc&$select=X`,
  (value) => `Cases?$apply=filter(Title ne ${text(value)})/groupby((Title))`,
];

describe('A described plan', () => {
  it('has no value where they are hidden, and is then the same whatever the value is', () => {
    for (const url of urls) {
      const expected = describePlan(bindText(url('other')), { values: 'hidden' });
      assert.ok(describePlan(bindText(url('other')), { values: 'shown' }).includes('other'), url('other'));
      fc.assert(
        fc.property(secret, (value) => {
          assert.equal(describePlan(bindText(url(value)), { values: 'hidden' }), expected);
        }),
      );
      assert.ok(!expected.includes('other'));
    }
  });

  it('shows where a page goes on, without its values', () => {
    const plan = bindText('Cases?$orderby=Title');
    assert.equal(plan.kind, 'Collection');
    if (plan.kind === 'Collection') {
      const later = { ...plan, after: { values: ["O'Neil", null], rowId: '17', remaining: 3 } };
      assert.match(describePlan(later, { values: 'shown' }), /\n {2}after 'O''Neil' null row 17 left 3$/);
      assert.match(describePlan(later, { values: 'hidden' }), /\n {2}after '\?' null row 17 left 3$/);
    }
  });
});
