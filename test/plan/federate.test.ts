import assert from 'node:assert/strict';
import { crossesSources, filterCrosses } from '../../src/plan/federate/crossing.ts';
import { onlyRoot } from '../../src/plan/federate/filter-root.ts';
import { keyOfTexts } from '../../src/plan/federate/join-key.ts';
import type { Placement } from '../../src/plan/federate/placement.ts';
import { splitSelection } from '../../src/plan/federate/split-selection.ts';
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
});
