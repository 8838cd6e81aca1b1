import assert from 'node:assert/strict';
import type { NavigationProperty } from '../../src/edm/model.ts';
import { openScope } from '../../src/sql/expression/open-scope.ts';
import type { Scope } from '../../src/sql/scope.ts';
import { catalogue, setNamed } from './small-model.ts';

/** Each way in which rows of a set come into a FROM clause. `Agents` keeps rows that are not served. */
describe('sql: rows of a set enter a statement', () => {
  const agents = setNamed('Agents');
  const cases = setNamed('Cases');
  const navigationOf = (name: string, set = cases): NavigationProperty => {
    const found = set.entityType.navigationProperties.get(name);
    assert.ok(found !== undefined);
    return found;
  };
  const textOf = ({ from, where }: Scope): string => [...from, ...where].join(' ');

  const ways: Readonly<Record<string, (scope: Scope) => void>> = {
    'as the first table': (scope) => {
      scope.table(agents);
    },
    'over a navigation to one': (scope) => {
      scope.join(scope.table(cases), { navigation: navigationOf('Agent'), set: agents });
    },
    'over a navigation to many': (scope) => {
      scope.joinAll(scope.table(cases), { navigation: navigationOf('Agent'), set: agents });
    },
    'found again by the number of the row': (scope) => {
      scope.table(cases);
      scope.joinById(agents, 'g.k0');
    },
  };

  for (const [way, enter] of Object.entries(ways)) {
    it(`${way}: without those that are not served`, () => {
      const scope = openScope(catalogue);
      enter(scope);
      const { alias } = /"feed"\."Agents" AS (?<alias>\w+)/.exec(textOf(scope))?.groups ?? {};
      assert.ok(alias !== undefined);
      assert.ok(textOf(scope).includes(`${alias}."_deleted_at" IS NULL`), textOf(scope));
    });
  }
});
