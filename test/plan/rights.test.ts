import assert from 'node:assert/strict';
import { checkModel } from '../../src/edm/check-model.ts';
import { GatewayError } from '../../src/errors.ts';
import { bindGrants, type SetRule } from '../../src/plan/bind/grants.ts';
import { everything, type Grants } from '../../src/plan/grants.ts';
import { describePlan } from '../../src/plan/model/describe.ts';
import { isRestricted } from '../../src/plan/model/restricted-set.ts';
import { visitPlan } from '../../src/plan/model/walk.ts';
import { restrict } from '../../src/plan/restrict.ts';
import { visible, visibleCatalogue } from '../../src/plan/visible.ts';
import { planOf } from '../sql/compile-url.ts';
import { catalogue, model } from '../sql/small-model.ts';

const granted = (rules: Readonly<Record<string, SetRule>>): Grants =>
  bindGrants(new Map(Object.entries(rules)), catalogue);

const all = { Cases: {}, Agents: {}, Messages: {} };

describe('rules become grants', () => {
  const faults: readonly (readonly [why: string, rules: Readonly<Record<string, SetRule>>, message: RegExp])[] = [
    ['an unknown set', { Case: {} }, /'Case': there is no such entity set\. Perhaps you meant 'Cases'/],
    [
      'an unknown property',
      { Cases: { properties: ['Id', 'Titel'] } },
      /no property 'Titel'\. Perhaps you meant 'Title'/,
    ],
    ['a hidden key', { Messages: { properties: ['Body', 'Number'] } }, /its key cannot be hidden; grant 'CaseId', too/],
    ['a condition that is none', { Cases: { rows: 'Priority' } }, /stands where true or false is wanted/],
    ['a condition on what is not there', { Cases: { rows: 'Prio eq 1' } }, /no property 'Prio'/],
    ['a condition that cannot be read', { Cases: { rows: 'Priority eq' } }, /'Cases'/],
    ['a condition on the clock', { Cases: { rows: 'CreatedAt lt now()' } }, /cannot depend on the clock/],
  ];
  for (const [why, rules, message] of faults) {
    it(`not with ${why}`, () => {
      assert.throws(
        () => granted(rules),
        (error) => error instanceof GatewayError && error.code === 'GrantInvalid' && message.test(error.message),
      );
    });
  }

  it('with the other sets that a condition reads', () => {
    const { sets } = granted({ Cases: { rows: "Agent/City eq 'Bonn' and Messages/any(m:m/Length gt 1)" } });
    assert.deepEqual(sets?.get('Cases')?.rows?.reads, ['Agents', 'Messages']);
  });
});

describe('what is not granted is not in the model', () => {
  const names = (grants: Grants) => {
    const seen = visible(model, grants);
    return Object.fromEntries(
      [...seen.entitySets.values()].map(({ name, entityType, navigationPropertyBindings, searchable }) => [
        name,
        [
          [...entityType.properties.keys()].join(),
          [...entityType.navigationProperties.keys()].join(),
          [...navigationPropertyBindings.keys()].join(),
          searchable.join(),
        ],
      ]),
    );
  };

  it('everything is the same model and the same catalogue', () => {
    assert.equal(visible(model, everything), model);
    assert.equal(visibleCatalogue(catalogue, everything), catalogue);
  });

  it('a set without a rule, and the ways to it', () => {
    const { Agents: _, ...rules } = all;
    assert.deepEqual(
      Object.entries(names(granted(rules))).map(([name, [, navigations, bindings]]) => [name, navigations, bindings]),
      [
        ['Cases', 'Messages', 'Messages'],
        ['Messages', 'Case', 'Case'],
      ],
    );
  });

  it('a property, what is joined by it on either side, and the search in it', () => {
    const rules = { ...all, Cases: { properties: ['Id', 'Priority'] }, Agents: { properties: ['Id', 'Name'] } };
    assert.deepEqual(names(granted(rules)), {
      Cases: ['Id,Priority', 'Messages', 'Messages', ''],
      Agents: ['Id,Name', '', '', ''],
      Messages: ['CaseId,Number,Body,Length,AgentId', 'Case,Agent', 'Case,Agent', 'Body'],
    });
  });

  it('and the model is a right one, made once', () => {
    for (const rules of [all, { Cases: {} }, { ...all, Agents: { properties: ['Id'] } }, {}]) {
      const grants = granted(rules);
      const seen = visible(model, grants);
      assert.deepEqual(checkModel(seen), []);
      assert.equal(visible(model, grants), seen);
      assert.equal(visibleCatalogue(catalogue, grants), visibleCatalogue(catalogue, grants));
    }
  });

  it('changes are followed where the key alone decides which rows there are', () => {
    const seen = visibleCatalogue(
      catalogue,
      granted({ Cases: { rows: 'Id lt 9' }, Agents: { rows: "City eq 'Bonn'" } }),
    );
    const tracked = ['Cases', 'Agents', 'Messages'].filter((name) => {
      const set = seen.sets.get(name);
      return set?.kind === 'stored' && set.versionColumn !== null;
    });
    assert.deepEqual(tracked, ['Cases', 'Messages']);
  });
});

describe('a restricted plan', () => {
  const grants = granted({ Cases: { rows: 'Priority gt 0' }, Agents: { rows: "City eq 'Bonn'" }, Messages: {} });
  const urls = [
    'Cases?$filter=Agent/Name eq null and Messages/any(m:m/Agent/Leader/City ne null)&$orderby=Agent/Leader/Id',
    'Agents(1)/Cases/$filter(Id gt 1)/$count?$filter=$root/Agents(2)/Name ne null',
    'Cases(1)?$expand=Agent($expand=Team/$count),Messages($filter=Case/Agent/Cases/$count gt 1)',
    'Messages(CaseId=1,Number=1)/Agent/Team(2)/Name',
    'Cases?$apply=join(Messages as M,filter(Agent ne null))/groupby((Agent),aggregate($count as N,M/$count as K))',
    'Cases?$apply=concat(aggregate(Agent/Id with sum as S),groupby((rollup($all,Agent/City))))',
    '$crossjoin(Cases,Agents)?$filter=Cases/AgentId eq Agents/Id&$expand=Cases',
    '$all',
  ];
  for (const url of urls) {
    it(`has no set without its condition: ${url}`, () => {
      const plan = restrict(planOf(url), grants);
      const seen = new Set<string>();
      visitPlan(plan, {
        set: (set) => {
          seen.add(set.name);
          assert.equal(isRestricted(set), set.name !== 'Messages', set.name);
        },
      });
      assert.ok(seen.size > 0);
      assert.equal(restrict(plan, grants), plan);
      assert.equal(restrict(planOf(url), everything).kind, plan.kind);
    });
  }

  it('is the plan itself for everything', () => {
    const plan = planOf('Cases?$expand=*');
    assert.equal(restrict(plan, everything), plan);
    assert.equal(plan.rowConditions, '');
  });

  it('is another one for other rows only', () => {
    const same = granted({ Cases: { rows: 'Priority gt 0' }, Agents: {}, Messages: {} });
    const of = (url: string, rights: Grants): string => restrict(planOf(url), rights).rowConditions;
    assert.equal(of('Cases', grants), of('Cases', same));
    assert.notEqual(of('Cases?$expand=Agent', grants), of('Cases?$expand=Agent', same));
    assert.equal(of('Messages', grants), '');
  });

  it('reads the sets of its conditions', () => {
    const through = granted({ ...all, Messages: { rows: 'Case/Agent/Id eq 1' } });
    assert.deepEqual(restrict(planOf('Messages'), through).setNames, ['Agents', 'Cases', 'Messages']);
  });

  it('says its conditions where it is described, and not their values where those are hidden', () => {
    const plan = restrict(planOf('Cases?$select=Id&$expand=Agent($select=Id)&$filter=1 div Id eq 1'), grants);
    const rows = (values: 'hidden' | 'shown') =>
      describePlan(plan, { values })
        .split('\n')
        .filter((line) => line.includes('rows of'));
    assert.deepEqual(rows('shown'), [
      "  rows of Agents (eq City? 'Bonn':String) sealed",
      "  rows of Cases (gt Priority? '0':Int32) sealed",
    ]);
    assert.ok(!rows('hidden').join().includes('Bonn'));
  });

  it('is of what is granted, or of nothing', () => {
    assert.throws(
      () => restrict(planOf('Cases?$expand=Agent'), granted({ Cases: {} })),
      /^GatewayError: A plan has a set that is not granted\.$/,
    );
  });

  it('is sealed where something can fail for a row', () => {
    const sealed = (url: string): boolean => {
      const plan = restrict(planOf(url), grants);
      assert.ok(plan.kind === 'Collection');
      const { set } = plan.selection;
      return isRestricted(set) && set.sealed;
    };
    for (const url of [
      'Cases?$filter=Id gt 5 and Priority ne 2.5 and contains(Title,$it/Title)',
      'Cases?$orderby=Small',
    ]) {
      assert.equal(sealed(url), false, url);
    }
    for (const text of [
      '1 div Priority eq 1',
      'cast(Priority,Edm.Int16) eq 1',
      'Priority add 1 eq 2',
      'round(Cost) eq 1',
    ]) {
      assert.equal(sealed(`Cases?$filter=${text}`), true, text);
    }
  });
});

describe('the fingerprint of a plan', () => {
  const mark = (query: string, rules: Readonly<Record<string, SetRule>>): string =>
    restrict(planOf(query), granted({ ...all, ...rules })).fingerprint;
  const ofAgents = [{ Agents: {} }, { Agents: { rows: 'Id ne 1' } }, { Agents: { properties: ['Id', 'City'] } }];
  const rows = "Agent/City eq 'Bonn'";

  it('is one for all who see the same, whatever they see of sets that conditions of rows look into', () => {
    for (const query of ['Cases', 'Cases?$select=Id&$orderby=Priority', 'Cases?$expand=Messages']) {
      const marks = ofAgents.map((agents) => mark(query, { Cases: { rows }, ...agents }));
      assert.equal(new Set(marks).size, 1, query);
      assert.notEqual(marks[0], mark(query, { Cases: { rows: "Agent/City eq 'Ulm'" } }), query);
    }
  });

  it('is another one for who sees something else of a set that the request reads', () => {
    for (const query of ['Cases?$expand=Agent', "Cases?$filter=Agent/City eq 'Bonn'", 'Agents']) {
      const marks = ofAgents.map((agents) => mark(query, { Cases: { rows }, ...agents }));
      assert.equal(new Set(marks).size, ofAgents.length, query);
    }
  });
});
