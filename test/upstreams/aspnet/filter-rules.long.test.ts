import assert from 'node:assert/strict';
import { GatewayError } from '../../../src/errors.ts';
import type { SampleRow } from '../../../src/sandbox/sample-rows.ts';
import { rules } from '../../sql/filter-rules.ts';
import { agentRows, caseRows } from '../../sql/sample-rows.ts';
import { model } from '../../sql/small-model.ts';
import { tenantCatalogue, tenantSource } from '../../upstream/tenant.ts';
import { feedOf } from './feed-file.ts';
import { runningFeeds } from './round-trip.ts';

const rows = new Map<string, readonly SampleRow[]>([
  ['Agents', agentRows.filter(({ hidden }) => hidden !== true).map(({ hidden, ...row }) => row)],
  ['Cases', caseRows.map(({ Messages, ...row }) => row)],
  ['Messages', caseRows.flatMap(({ Id, Messages }) => Messages.map((one) => ({ CaseId: Id, ...one })))],
]);

/** What the service refuses, or is not asked for: then the gateway works it out with its rows. */
const refused: ReadonlySet<string> = new Set([
  'round(Score) eq 3',
  'round(Cost) eq -3',
  'round(Score) eq 1',
  'fractionalseconds(CreatedAt) eq 0.999999',
  'time(CreatedAt) eq 23:30',
  'concat(Title,null) eq null',
  'Priority divby 2 eq 3.5',
  'totaloffsetminutes(CreatedAt) eq 0',
  "DueOn add duration'P1D' eq 2024-03-01",
  'totalseconds(CreatedAt sub 2024-02-29T00:00:00Z) eq 84600',
  "(DueOn sub 2024-02-28) eq duration'P1D'",
  'Messages/any(m:m/Case/Messages/any(n:n/Length eq m/Number))',
  'Messages/$count($filter=Length gt 2) ge 1',
  "case(Priority gt 1:'high',Priority le 1:'low') eq 'low'",
  "case(Priority gt 1:'high') eq null",
  "substring(Title,-2) eq 'ha'",
  "substring(Title,1,-1) eq ''",
  "substring(Title,Priority) eq 'lain'",
  "cast(CreatedAt,Edm.String) eq '2000-01-01T00:00:00.5Z'",
  // Text of 16 bits a character, and one letter for one letter.
  "Title gt '\uff5a'",
  "toupper(Title) eq 'STRASSE'",
  "tolower(Title) eq 'i\u0307stanbul'",
  "tolower(Title) eq 'οδυσσευς'",
  'length(Title) eq 7',
  "indexof(Title,'e') eq 2",
  "indexof(Title,'b') eq 2",
]);

describe('each rule of $filter before Microsoft.AspNetCore.OData', () => {
  const file = feedOf(model, rows, { prefix: 'Far', navigations: true });
  const documented = tenantCatalogue(tenantSource({}), model);
  const feed = runningFeeds(() => [{ file, documented, source: 'far' }]);
  const idsOf = async (filter: string): Promise<readonly unknown[]> => {
    const found = await feed(0).rows(`Cases?$select=Id&$filter=${filter.replace('%2B', '+')}`);
    return found.map((row) => row['Id']);
  };

  for (const [filter, keeps] of rules) {
    const expected = caseRows.filter(keeps).map((row) => row.Id);
    if (refused.has(filter)) {
      it(`${filter} is refused`, () =>
        assert.rejects(
          idsOf(filter),
          (error) => error instanceof GatewayError && /^(NotImplemented|UpstreamRefused)$/.test(error.code),
        ));
    } else {
      it(filter, async () => assert.deepEqual(await idsOf(filter), expected));
    }
  }

  it('what is expected otherwise is a rule', () => {
    const known = new Set(rules.map(([filter]) => filter));
    assert.deepEqual(
      [...refused].filter((filter) => !known.has(filter)),
      [],
    );
  });
});
