import assert from 'node:assert/strict';
import { GatewayError } from '../../src/errors.ts';
import { defaultPlanLimits, type PlanLimits } from '../../src/plan/bind/limits.ts';
import { bindText, outcome } from './bind-text.ts';

/** Each limit: the largest request that passes, the smallest that does not, and the number in the message. */
function holds(limits: Partial<PlanLimits>, passing: string, refused: string, limit: number): void {
  bindText(passing, limits);
  assert.throws(
    () => bindText(refused, limits),
    (error) =>
      error instanceof GatewayError &&
      error.code === 'LimitExceeded' &&
      error.status === 400 &&
      error.message.includes(`at most ${limit} are allowed`),
  );
}

const filter = (text: string): string => `Cases?$filter=${encodeURIComponent(text)}`;

describe('plan limits', () => {
  it('expression nodes', () => {
    holds({ expressionNodes: 7 }, filter('Id eq 1 or Id eq 2'), filter('Id eq 1 or Id eq 2 or Id eq 3'), 7);
  });

  it('expression nodes: an alias counts wherever it is used', () => {
    const use = (times: number): string =>
      `${filter(Array.from({ length: times }, () => '@p').join(' or '))}&@p=${encodeURIComponent('Id eq 1')}`;
    holds({ expressionNodes: 16 }, use(3), use(4), 16);
  });

  it('expression nodes: nested aliases cannot multiply without end', () => {
    const aliases = Array.from({ length: 20 }, (_, index) => `@a${index}=@a${index + 1} or @a${index + 1}`);
    const url = `Cases?$filter=@a0&${aliases.join('&').replaceAll(' ', '%20')}&@a20=true`;
    assert.match(outcome(url), /^LimitExceeded: .* at most 5000 are allowed/);
  });

  it('nesting', () => {
    const nested = (levels: number): string => filter(`${'not ('.repeat(levels)}Open${')'.repeat(levels)}`);
    holds({ nesting: 10 }, nested(9), nested(10), 10);
  });

  it('nesting: a chain of or is one level', () => {
    const chain = Array.from({ length: 700 }, (_, index) => `Id eq ${index}`).join(' or ');
    const plan = bindText(filter(chain), { nesting: 3 });
    assert.equal(plan.kind, 'Collection');
  });

  it('$expand depth', () => {
    holds(
      { expandDepth: 2 },
      'Cases?$expand=Parent($expand=Agent)',
      'Cases?$expand=Parent($expand=Parent($expand=Agent))',
      2,
    );
  });

  it('$levels', () => {
    holds({ expandDepth: 2 }, 'Cases?$expand=Parent($levels=2)', 'Cases?$expand=Parent($levels=3)', 2);
    holds(
      { expandDepth: 2 },
      'Cases?$expand=Parent($expand=Parent($levels=max))',
      'Cases?$expand=Parent($expand=Parent($levels=2))',
      2,
    );
  });

  it('expanded navigation properties', () => {
    holds({ expands: 4 }, 'Cases?$expand=*', 'Cases?$expand=*,Parent($expand=Agent)', 4);
  });

  it('in list', () => {
    holds({ inList: 3 }, filter('Id in (1,2,3)'), filter('Id in (1,2,3,4)'), 3);
    holds({ inList: 3 }, `${filter('Id in @p')}&@p=[1,2,3]`, `${filter('Id in @p')}&@p=[1,2,3,4]`, 3);
  });

  it('$top and $skip', () => {
    holds({ top: 10 }, 'Cases?$top=10', 'Cases?$top=11', 10);
    holds({ top: 10 }, 'Cases?$skip=10', 'Cases?$skip=11', 10);
    holds({ top: 10 }, 'Cases?$apply=top(10)', 'Cases?$apply=top(11)', 10);
  });

  it('keys inside expressions, in aliases and in all options together', () => {
    const key = (number: number): string => `Messages(${number})/No`;
    const from = filter(`${key(1)} gt @n`);
    holds(
      { keysInPaths: 3 },
      `${from}&$orderby=${key(2)}&@n=$root/Agents(1)/Id`,
      `${from}&$orderby=${key(2)},${key(2)}&@n=$root/Agents(1)/Id`,
      3,
    );
  });

  it('transformations, in branches too', () => {
    const concat = (count: number): string =>
      `Cases?$apply=concat(${Array.from({ length: count }, () => 'identity').join(',')})`;
    holds({ transformations: 4 }, concat(3), concat(4), 4);
  });

  it('search expression', () => {
    holds({ expressionNodes: 3 }, 'Cases?$search=a%20b', 'Cases?$search=a%20b%20c', 3);
  });

  it('the default page of keys that Power BI sends as one chain passes', () => {
    const chain = Array.from({ length: 700 }, (_, index) => `Id eq ${index}`).join(' or ');
    assert.ok(chain.split(' ').length < defaultPlanLimits.expressionNodes);
    bindText(filter(chain));
  });
});
