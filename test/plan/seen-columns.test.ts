import assert from 'node:assert/strict';
import { GatewayError } from '../../src/errors.ts';
import { bindGrants, type SetRule } from '../../src/plan/bind/grants.ts';
import { describePlan } from '../../src/plan/model/describe.ts';
import { restrict } from '../../src/plan/restrict.ts';
import { visible, visibleCatalogue } from '../../src/plan/visible.ts';
import { compileCollection } from '../../src/sql/read/compile-read.ts';
import { planOf } from '../sql/compile-url.ts';
import { catalogue, model } from '../sql/small-model.ts';

const grants = (...cases: readonly SetRule[]) =>
  bindGrants(
    new Map<string, SetRule | readonly SetRule[]>([
      ['Cases', cases],
      ['Agents', {}],
    ]),
    catalogue,
  );

function columns(rights: ReturnType<typeof grants>, url = 'Cases?$select=Id,Title,Priority'): string {
  const plan = restrict(planOf(url), rights);
  assert.ok(plan.kind === 'Collection');
  return compileCollection(plan, catalogue).text;
}

const title = (rights: ReturnType<typeof grants>) => {
  const property = visible(model, rights).entitySets.get('Cases')?.entityType.properties.get('Title');
  return [property?.shown, property?.nullable];
};

describe('several rules for one set', () => {
  it('give the rows of all of them, and of each row the values of those that give the row', () => {
    const rights = grants(
      { rows: 'Priority gt 2', properties: ['Id', 'Title'] },
      { rows: 'Open', properties: ['Id', 'Priority'] },
    );
    const seen = describePlan(restrict(planOf('Cases'), rights), { values: 'shown' });
    assert.match(seen, /rows of Cases \(or\? \(gt Priority\? '2':Int32\) Open\?\)\n/);
    assert.match(seen, / Title: value where \(gt Priority\? '2':Int32\)\n/);
    assert.match(seen, / Priority: value where Open\?$/);
    assert.match(
      columns(rights),
      /CASE WHEN t2\."Priority" > 2 THEN t2\."Title" END AS "Title", CASE WHEN t2\."Open" THEN t2\."Priority" END AS "Priority"/,
    );
    assert.match(columns(rights), / WHERE \(t2\."Priority" > 2 OR t2\."Open"\)/);
    assert.deepEqual(title(rights), ['partly', true]);
    assert.deepEqual(
      [...(visible(model, rights).entitySets.get('Cases')?.entityType.properties.keys() ?? [])],
      ['Id', 'Title', 'Priority'],
    );
  });

  it('give all where one of them gives all, and nothing of it is in the statement', () => {
    assert.match(columns(grants({}, { rows: 'Open', masked: ['Title'] })), /FROM "feed"\."Cases" AS t1/);
    assert.match(
      columns(grants({ rows: 'Open' }, { rows: 'Open' })),
      /\(SELECT t2\.\* FROM "feed"\."Cases" AS t2 WHERE t2\."Open"\)/,
    );
  });

  it('mask what only others show', () => {
    const rights = grants({ masked: ['Title'] }, { rows: 'Open' });
    assert.match(
      columns(rights),
      /CASE WHEN t2\."Open" THEN t2\."Title" ELSE "gateway"\."masked_content"\(t2\."Title"\)/,
    );
    assert.doesNotMatch(columns(rights), / WHERE /);
  });
});

describe('a masked property', () => {
  const rights = grants({ masked: ['Title', 'DueOn', 'CreatedAt', 'Cost', 'AgentId'] });

  it('is masked where its rows enter, whatever is asked of it', () => {
    for (const url of ["Cases?$filter=startswith(Title,'a')", 'Cases?$orderby=Title', 'Cases?$search=a']) {
      const text = columns(rights, url);
      assert.equal(
        text.match(/"Title"(?! COLLATE)/g)?.length,
        text.match(/t2\."Title"\)|AS "Title"|t1\."Title"/g)?.length,
        text,
      );
    }
    const text = columns(rights);
    assert.match(text, /date_trunc\('year', t2\."DueOn"::timestamp\)::date AS "DueOn"/);
    assert.match(text, /date_trunc\('year', t2\."CreatedAt", 'UTC'\) AS "CreatedAt"/);
    assert.match(text, /CASE WHEN FALSE THEN t2\."Cost" END AS "Cost"/);
  });

  it('has no length that is declared, joins no rows, is no bound of an index, and tells of no change', () => {
    const type = visible(model, rights).entitySets.get('Cases')?.entityType;
    assert.deepEqual(title(rights), ['masked', true]);
    assert.equal(type?.properties.get('Title')?.maxLength, undefined);
    assert.deepEqual([...(type?.navigationProperties.keys() ?? [])], []);
    const set = visibleCatalogue(catalogue, rights).sets.get('Cases');
    assert.ok(set?.kind === 'stored' && set.versionColumn === null);
  });

  it('is no part of a key', () => {
    assert.throws(
      () => grants({ masked: ['Id'] }),
      (error) => error instanceof GatewayError && /key cannot be masked.*leave 'Id' out/.test(error.message),
    );
  });

  it('makes one model for all who have the same one', () => {
    const other = grants({ masked: ['Title', 'DueOn', 'CreatedAt', 'Cost', 'AgentId'], rows: 'Priority gt 1' });
    const again = grants({ masked: ['Title', 'DueOn', 'CreatedAt', 'Cost', 'AgentId'], rows: 'Priority gt 2' });
    assert.equal(visibleCatalogue(catalogue, other), visibleCatalogue(catalogue, again));
  });
});
