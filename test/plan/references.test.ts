import assert from 'node:assert/strict';
import { readsOtherRows, referencesOf } from '../../src/plan/logic/references.ts';
import { setsOf } from '../../src/plan/model/sets.ts';
import { bindText } from './bind-text.ts';

function collection(url: string) {
  const plan = bindText(url.replaceAll(' ', '%20'));
  assert.equal(plan.kind, 'Collection');
  return plan;
}

describe('what an expression speaks of', () => {
  it('is every row and collection in it, however deep', () => {
    const { restriction } = collection('Cases?$filter=not (Messages/any(m:m/Case/Agent/Name eq Title) or Id eq 5)');
    assert.ok(restriction.filter !== null);
    const { rows, collections, computed } = referencesOf(restriction.filter);
    const paths = rows.map(({ variable, steps }) =>
      [variable.name, ...steps.map((step) => step.navigation.name)].join('/'),
    );
    assert.deepEqual(paths.sort(), ['$it', '$it', '$it', 'm/Case/Agent']);
    assert.deepEqual(
      collections.map(({ navigation }) => navigation.name),
      ['Messages'],
    );
    assert.equal(computed, false);
  });

  it('is a computed value where one stands in it', () => {
    const { apply } = collection('Cases?$apply=groupby((Title),aggregate($count as N))/filter(N gt 5 and N lt 9)');
    const last = apply?.transformations.at(-1);
    assert.ok(last?.kind === 'filter');
    assert.equal(referencesOf(last.condition).computed, true);
  });

  for (const [url, expected] of [
    ['Cases?$filter=Id eq 5&$orderby=Title&$compute=Id add 1 as X', false],
    ['Cases?$filter=Agent/Name eq null', true],
    ['Cases?$filter=Agent eq null', true],
    ['Cases?$filter=Messages/any()', true],
    ['Cases?$orderby=Messages/$count', true],
    ['Cases?$filter=Title eq $root/Cases(1)/Title', true],
    ['Cases?$compute=Messages/$count as X', true],
    ['Cases?$expand=Agent', true],
  ] as const) {
    it(`says ${expected ? 'that other rows are read by' : 'that no other row is read by'} ${url}`, () => {
      const { selection, restriction } = collection(url);
      assert.equal(readsOtherRows(selection, restriction), expected);
    });
  }

  it('names the sets of a plan once each, by name', () => {
    const url = "Cases?$expand=Agent&$filter=Messages/any(m:m/Case/Title eq $root/Tags('a')/Code)";
    assert.deepEqual(setsOf(collection(url)), ['Agents', 'Cases', 'Messages', 'Tags']);
  });
});
