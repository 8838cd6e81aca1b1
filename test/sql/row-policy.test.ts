import assert from 'node:assert/strict';
import { claimExpression } from '../../src/access/user-claims.ts';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import type { RowPolicy } from '../../src/sql/row-policy.ts';
import { allRowsPolicy, rulePolicy } from '../../src/sql/row-policy.ts';
import type { Expression } from '../../src/uri/syntax.ts';
import { catalogue } from './small-model.ts';

/** Policies of one rule about a set, for somebody with these claims. */
function policiesOf(set: string, rows: string, claims: Readonly<Record<string, unknown>> = {}): readonly RowPolicy[] {
  const aliases = Object.entries(claims).map(([name, value]): readonly [string, Expression] => {
    const list = Array.isArray(value);
    const type = typeof (list ? value[0] : value) === 'number' ? 'number' : 'string';
    return [name, claimExpression(value, type, list) ?? assert.fail(name)];
  });
  const grants = bindGrants(new Map([[set, { rows, aliases: new Map(aliases) }]]), catalogue);
  const found = catalogue.model.entitySets.get(set) ?? assert.fail(set);
  return (grants.sets?.get(set)?.rowRules ?? []).map((rule) => rulePolicy(rule, found, catalogue));
}

const [said, token] = ["NULLIF(current_setting('gateway.claims', true), '')::jsonb", '<token>'];
const given = `(SELECT strpos(current_setting('gateway.rights', true), '${token}') > 0) AND `;
const textOf = (one: RowPolicy | undefined): string | undefined => one?.using.replaceAll(one.token, token);

describe('sql: policies for rows', () => {
  it('let all rows of a table through to who may see all, or says nothing of rights at all', () => {
    const policy = allRowsPolicy({ schema: 'feed', name: 'Cases' });
    assert.equal(
      textOf(policy),
      `(SELECT strpos(current_setting('gateway.rights', true), '${token}') > 0 OR current_setting('gateway.rights', true) = '*')`,
    );
    assert.notEqual(policy.token, allRowsPolicy({ schema: 'feed', name: 'Agents' }).token);
  });

  it('are the condition of the rule, as requests have it', () => {
    const [policy, ...others] = policiesOf('Cases', "Priority ge 3 and Title eq 'x'");
    assert.equal(textOf(policy), `${given}(("Cases"."Priority" >= 3 AND "Cases"."Title" = 'x'))`);
    assert.deepEqual([policy?.exact, policy?.looks, policy?.ownRows, others], [true, null, false, []]);
    assert.deepEqual(policiesOf('Cases', 'false'), []);
    assert.deepEqual(policiesOf('Cases', 'true'), []);
  });

  it('have no claim of anybody in them, and are one for all who have the rule', () => {
    const [one] = policiesOf('Agents', 'City in @list and not (Name eq @name)', { list: ['Bonn'], name: 'a' });
    const [other] = policiesOf('Agents', 'City in @list and not (Name eq @name)', { list: ['a', "b'"], name: 'Bonn' });
    assert.deepEqual(one, other);
    assert.equal(
      textOf(one),
      `${given}((("Agents"."City" = ANY ((SELECT ARRAY(SELECT jsonb_array_elements_text(${said} #> '{${token},list}')))::text[])) AND "Agents"."Name" IS DISTINCT FROM ((SELECT (${said} #>> '{${token},name}')::text) COLLATE "C")))`,
    );
    const [number] = policiesOf('Cases', 'Id in @ids or Priority gt @least', { ids: [1, 2], least: 5 });
    assert.equal(
      textOf(number),
      `${given}((("Cases"."Id" = ANY ((SELECT ARRAY(SELECT jsonb_array_elements_text(${said} #> '{${token},ids}')))::numeric[])) OR "Cases"."Priority" > (SELECT (${said} #>> '{${token},least}')::numeric)))`,
    );
  });

  it('give a claim the type of its literal where numbers of other types are other ones', () => {
    const [one] = policiesOf('Cases', 'Score gt @least', { least: 5 });
    assert.equal(
      textOf(one),
      `${given}("Cases"."Score" > (SELECT (${said} #>> '{${token},least}')::double precision))`,
    );
    const [list] = policiesOf('Cases', 'Score in @some', { some: [1, 2.5] });
    assert.equal(
      textOf(list),
      `${given}(("Cases"."Score" = ANY ((SELECT ARRAY(SELECT jsonb_array_elements_text(${said} #> '{${token},some}')))::double precision[])))`,
    );
  });

  it('look into other tables as their owner, in a function', () => {
    const [policy] = policiesOf('Cases', 'Agent/City in @cities', { cities: ['Bonn'] });
    assert.equal(textOf(policy), `${given}"gateway"."gateway rows ${token}"("_row")`);
    assert.equal(
      policy?.looks?.replaceAll(policy.token, token),
      `(bigint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT EXISTS (SELECT 1 FROM "feed"."Cases" AS t1 LEFT JOIN "feed"."Agents" AS t2 ON t2."Id" = t1."AgentId" AND t2."_deleted_at" IS NULL WHERE t1."_row" = $1 AND ((t2."City" = ANY ((SELECT ARRAY(SELECT jsonb_array_elements_text(${said.replaceAll("'", "''")} #> ''{${token},cities}'')))::text[]))))'`,
    );
    assert.equal(policy.ownRows, false);
    assert.equal(policiesOf('Agents', "Leader/City eq 'Bonn'")[0]?.ownRows, true);
  });

  it('let all rows through to who has the rule where a claim is more than a value in it', () => {
    const [policy] = policiesOf('Agents', 'matchesPattern(Name,@pattern)', { pattern: 'A.*' });
    assert.equal(`${textOf(policy)} AND `, given);
    assert.equal(policy?.exact, false);
  });

  it('are told apart by what they say', () => {
    const tokens = ['Id eq 1', 'Id eq 2', 'Id in (1,2)', 'Agent/Id eq 1'].map(
      (rows) => policiesOf('Cases', rows)[0]?.token,
    );
    tokens.push(policiesOf('Agents', 'Id eq 1')[0]?.token);
    assert.equal(new Set(tokens).size, 5);
    assert.ok(tokens.every((one) => /^[0-9a-f]{16}$/.test(one ?? '')));
  });
});
