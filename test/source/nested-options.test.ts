import assert from 'node:assert/strict';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import type { Grants } from '../../src/plan/grants.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { catalogue } from '../sql/small-model.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';

/** The same `$expand` without some options inside of it. */
function withoutNested(expand: string, names: readonly string[]): string {
  let [text, depth, left] = ['', 0, -1];
  for (let at = 0; at < expand.length; at++) {
    const char = expand[at] ?? '';
    const ends = (char === ';' && depth === left) || (char === ')' && depth === left);
    depth += char === '(' ? 1 : char === ')' ? -1 : 0;
    if (left >= 0 && !ends) {
      continue;
    }
    left = -1;
    const begun = names.find((name) => /[;(]$/.test(text + char) && expand.startsWith(`${name}=`, at + 1));
    text += char;
    if (begun !== undefined) {
      left = depth;
    }
  }
  return text.replaceAll(/;+(?=[;)])|(?<=\();+|\(;*\)/g, '');
}

/** Passes over options inside of `$expand`, and answers the rest as the stored gateway does. */
function passOver(gateway: EvaluatedGateway, names: readonly string[]): void {
  gateway.onRequest = (request, response) => {
    const url = new URL(request.url ?? '', gateway.stored.root);
    const expand = url.searchParams.get('$expand');
    if (expand === null) {
      return false;
    }
    url.searchParams.set('$expand', withoutNested(expand, names));
    void fetch(new URL(url.search, new URL(url.pathname, gateway.stored.root)))
      .then(async (reply) => {
        response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
        response.end(await reply.text());
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    return true;
  };
}

const requests = [
  'Cases?$select=Id&$expand=Messages($select=Number;$top=1)',
  'Cases?$select=Id&$expand=Messages($select=Number;$skip=1)',
  'Cases?$select=Id&$expand=Messages($select=Number;$filter=Length gt 5)',
  'Cases?$select=Id&$expand=Messages($select=Number;$orderby=Number desc;$top=1)',
  'Cases?$select=Id&$expand=Messages($filter=Length gt 5;$orderby=Number desc;$skip=0;$count=true)',
  'Cases?$select=Id&$expand=Messages/$count($filter=Length gt 5)',
  'Cases?$select=Id&$expand=Messages/$ref($orderby=Number desc;$top=1)',
  'Cases(10)?$select=Id&$expand=Messages($select=Number;$filter=Length gt 5)',
  'Agents(1)/Cases?$select=Id&$expand=Messages($select=Number;$filter=Length gt 5)',
  'Agents?$select=Id&$expand=Cases($select=Id;$expand=Messages($select=Number;$orderby=Number desc;$top=1))',
  'Messages?$select=Number&$expand=Case($select=Id;$expand=Messages($select=Number;$filter=Length gt 5))',
  'Agents?$select=Id&$expand=Team($select=Id;$filter=Id gt 2;$levels=2)',
];

/** A feed may pass over what it does not know inside of `$expand`; the rows are the right ones all the same. */
describe('nested rows of a feed that passes over options inside of $expand', () => {
  let gateway: EvaluatedGateway;

  const open = async (passed: readonly string[], grants?: Grants): Promise<void> => {
    gateway = await evaluatedGateway({ rows: `${rows}${messages}`, ...(grants === undefined ? {} : { grants }) });
    passOver(gateway, passed);
  };

  afterEach(() => gateway.close());

  it('are those of stored sets, whichever of them it passes over', async () => {
    await open(['$filter', '$orderby', '$skip', '$top', '$count']);
    for (const request of requests) {
      const [found, right] = [
        await gateway.rows(gateway.evaluated, request),
        await gateway.rows(gateway.stored, request),
      ];
      assert.deepEqual(found, right, request);
    }
  });

  it('are none that whoever asks may not see', async () => {
    const rules = new Map([
      ['Cases', {}],
      ['Messages', { rows: 'Length gt 5', properties: ['CaseId', 'Number'] }],
    ]);
    await open(['$filter'], bindGrants(rules, catalogue));
    const reply = await gateway.rows(
      gateway.evaluated,
      'Cases?$select=Id&$filter=Id eq 10&$expand=Messages($select=Number)',
    );
    assert.deepEqual((reply as { readonly value: unknown }).value, [{ Id: 10, Messages: [{ Number: 2 }] }]);
  });
});
