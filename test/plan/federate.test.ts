import assert from 'node:assert/strict';
import { crossesSources, filterCrosses } from '../../src/plan/federate/crossing.ts';
import { onlyRoot } from '../../src/plan/federate/filter-root.ts';
import { keyOfTexts } from '../../src/plan/federate/join-key.ts';
import { keyedPlan, rowsBehind } from '../../src/plan/federate/keyed-plans.ts';
import type { Placement } from '../../src/plan/federate/placement.ts';
import { splitSelection } from '../../src/plan/federate/split-selection.ts';
import { expressionText } from '../../src/plan/model/describe-expression.ts';
import { bindText } from './bind-text.ts';

/** Agents are elsewhere: no source, no connection and no feed is needed to say what crosses. */
const apart: Placement = { sourceOf: ({ name }) => (name === 'Agents' ? 'far' : null), follows: () => true };
/** One feed has all sets, and cannot follow one navigation. */
const deaf: Placement = { sourceOf: () => 'far', follows: (_, { name }) => name !== 'Agent' };
const together: Placement = { sourceOf: () => null, follows: () => false };

const plan = (url: string) => bindText(url.replaceAll(' ', '%20'));

function collection(url: string) {
  const bound = plan(url);
  assert.ok(bound.kind === 'Collection');
  return bound;
}

describe('plans across sources', () => {
  for (const [url, crosses] of [
    ['Cases', false],
    ['Cases?$expand=Messages', false],
    ['Cases?$expand=Agent', true],
    ['Messages?$expand=Case($expand=Agent)', true],
    ['Messages?$expand=Case/$ref', false],
    ["Cases?$filter=Agent/Name eq 'x'", true],
    ["Messages?$filter=Case/Agent/Name eq 'x'", true],
    ['Cases(1)/Agent', true],
    ['Cases(1)/Agent/Name', true],
    ['Cases(1)/Messages/$count', false],
    ["Cases/$filter(Agent/Name eq 'x')/$count", true],
    ['$crossjoin(Cases,Agents)', false],
    ['$metadata', false],
  ] as const) {
    it(`${crosses ? 'cross' : 'do not cross'} where one end is elsewhere: ${url}`, () => {
      assert.equal(crossesSources(plan(url), apart), crosses);
      assert.equal(crossesSources(plan(url), deaf), crosses);
      assert.equal(crossesSources(plan(url), together), false);
    });
  }

  it('tell filters from paths', () => {
    const [filtered, expanded] = [collection("Cases?$filter=Agent/Name eq 'x'"), collection('Cases?$expand=Agent')];
    assert.deepEqual([filterCrosses(filtered, apart), filterCrosses(expanded, apart)], [true, false]);
  });

  it('know the one row elsewhere that all of a condition speaks of', () => {
    const rootOf = (filter: string) => {
      const { restriction } = collection(`Cases?$filter=${filter}`);
      return onlyRoot(restriction.filter ?? assert.fail(), apart)?.step.navigation.name ?? null;
    };
    assert.equal(rootOf("Agent/Name eq 'x' and Agent/Id gt 5"), 'Agent');
    assert.equal(rootOf("Agent/Name eq 'x' and Id gt 5"), null);
    assert.equal(rootOf('Agent/Name eq Title'), null);
    assert.equal(rootOf('Id gt 5'), null);
  });

  it('leave to a source what it can give, with the joined properties, and join the rest', () => {
    const { selection } = collection('Cases?$select=Title&$expand=Agent($select=Name),Messages');
    const { selection: own, completion } = splitSelection(selection, apart);
    assert.deepEqual(
      own.properties.map(({ name }) => name),
      ['Title', 'AgentId'],
    );
    assert.deepEqual(
      own.expands.map(({ navigation }) => navigation.name),
      ['Messages'],
    );
    assert.deepEqual([...completion.hidden], ['AgentId']);
    const [join] = completion.joins;
    assert.deepEqual(
      join?.selection.properties.map(({ name }) => name),
      ['Name', 'Id'],
    );
    assert.deepEqual([join?.own[0]?.name, join?.theirs[0]?.name], ['AgentId', 'Id']);
  });

  it('compare joined values by what they mean', () => {
    const { selection } = collection('Cases');
    const id = selection.properties.filter(({ name }) => name === 'Id');
    assert.deepEqual(
      ['007', '7', '+7'].map((text) => keyOfTexts(id)([text])),
      [['7'], ['7'], ['7']],
    );
    assert.equal(keyOfTexts(id)([null]), null);
  });

  it('ask for the rows behind a step by key, or by their joined values where those are no key', () => {
    const path = plan('Cases(1)/Agent');
    assert.ok(path.kind === 'Entity' && path.source.kind === 'Navigated');
    const behind = rowsBehind(path.source, ['7']);
    assert.ok(behind.kind === 'Keyed');
    assert.deepEqual(
      behind.key.map(({ property, value }) => [property.name, value.value]),
      [['Id', '7']],
    );
    const many = plan('Agents(1)/Cases');
    assert.ok(many.kind === 'Collection' && many.source.kind === 'Navigated');
    const filtered = rowsBehind(many.source, ['7']);
    assert.ok(filtered.kind === 'Filtered');
    assert.equal(expressionText(filtered.condition), "(in AgentId? ['7':Int32])");
  });

  it("ask for all rows of a join together: where they begin and end is each parent's own", () => {
    const { selection } = collection(
      'Cases?$expand=Agent,Messages($filter=No gt 3;$orderby=No;$top=5;$skip=1;$count=true)',
    );
    const far: Placement = { sourceOf: ({ name }) => (name === 'Messages' ? 'far' : null), follows: () => true };
    const [join] = splitSelection(selection, far).completion.joins;
    const { restriction } = keyedPlan(join ?? assert.fail(), [['1'], ['2']], 100);
    const { top, skip, count } = restriction;
    assert.deepEqual([top, skip, count, restriction.orderby.length], [100, null, false, 1]);
    const text = expressionText(restriction.filter ?? assert.fail());
    assert.equal(text, "(and? (in $this/CaseId ['1':Int64 '2':Int64]) (gt $this/No '3':Int32))");
  });
});
