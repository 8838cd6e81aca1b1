import assert from 'node:assert/strict';
import type { Catalogue, UpstreamSet } from '../../src/catalogue/catalogue.ts';
import { mergeUpstreamModel } from '../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import type { Model } from '../../src/edm/model.ts';
import { rowText } from '../../src/json/reading/row-text.ts';
import { compileUpstreamUrl } from '../../src/upstream/url/compile-url.ts';
import { entitySet, entityType, modelOf, property } from '../edm/small-model.ts';
import { planOf, readOptions, tenantCatalogue, tenantMap, tenantSource } from './tenant.ts';

/** The tenant's documents, which know an older generation of its feed. */
function documented(): Catalogue {
  const catalogue = tenantCatalogue(tenantSource({}));
  const calls = catalogue.sets.get('FarCalls') as UpstreamSet;
  const hint = (...upstreamNames: readonly (readonly [string, number | null])[]) => ({
    example: '',
    codeList: null,
    upstreamNames: upstreamNames.map(([name, divisor]) => ({ name, divisor })),
  });
  const hints = new Map([
    ['id', hint(['ConversationId', null])],
    ['seconds', hint(['length', null], ['Duration', 1000])],
    ['subject', hint(['Topic', null])],
    ['score', hint(['Rate', 10])],
  ]);
  return { ...catalogue, sets: new Map([...catalogue.sets, ['FarCalls', { ...calls, hints }]]) };
}

function older(more: Partial<Record<'subject' | 'score', string>> = {}): Model {
  const call = entityType(
    'Call',
    ['ConversationId'],
    [
      property('ConversationId', 'Edm.Int64', { nullable: false }),
      property('Duration', 'Edm.Int64'),
      property('TOPIC', 'Edm.String'),
      property('Rate', 'Edm.Double'),
      ...('subject' in more ? [property('subject', 'Edm.String')] : []),
    ],
  );
  return modelOf([entitySet('Calls', call)]);
}

describe('properties that another generation of a feed calls otherwise', () => {
  const { catalogue, differences } = mergeUpstreamModel(documented(), 'far', older());
  const call = catalogue.model.entitySets.get('FarCalls')?.entityType ?? assert.fail();

  it('are served under the names of the documents, with what the feed declares of them', () => {
    assert.deepEqual([...call.properties.keys()], ['id', 'seconds', 'subject', 'Rate']);
    assert.deepEqual(call.key, ['id']);
    assert.equal(call.properties.get('seconds')?.type, 'Edm.Int64');
    const xml = metadataXml(catalogue.model);
    assert.match(xml, /<PropertyRef Name="id"\/>/);
    assert.doesNotMatch(xml, /ConversationId|Duration/);
  });

  it('each is told as a difference; what cannot be divided keeps its name', () => {
    const told = differences.filter(({ set }) => set === 'FarCalls').map(({ message }) => message);
    assert.ok(told.includes('id is called ConversationId.'));
    assert.ok(told.includes('seconds is called Duration, 1000 to one.'));
    assert.ok(told.includes('Rate is in the feed only.'));
  });

  it('a name of the documents that the feed has itself is never taken from it', () => {
    const both = mergeUpstreamModel(documented(), 'far', older({ subject: 'x' }));
    const { properties } = both.catalogue.model.entitySets.get('FarCalls')?.entityType ?? assert.fail();
    assert.deepEqual([...properties.keys()], ['id', 'seconds', 'TOPIC', 'Rate', 'subject']);
  });

  const asked = (request: string): string => {
    const { path, query } = compileUpstreamUrl(planOf(request, catalogue), tenantMap());
    return `${path}?${decodeURIComponent(query)}`;
  };
  for (const [ours, theirs] of [
    ['FarCalls', 'Calls?$select=ConversationId,Duration,TOPIC,Rate'],
    ['FarCalls(5)?$select=seconds', 'Calls(5)?$select=Duration'],
    ['FarCalls(5)/seconds', 'Calls(5)?$select=Duration'],
    [
      'FarCalls?$select=id&$filter=seconds gt 30&$orderby=seconds desc,id',
      'Calls?$select=ConversationId&$filter=(Duration div 1000) gt 30&$orderby=(Duration div 1000) desc,ConversationId',
    ],
    [
      'FarCalls?$select=id&$filter=seconds ne 30',
      'Calls?$select=ConversationId&$filter=(Duration div 1000) ne 30 or Duration eq null',
    ],
    [
      "FarCalls?$select=id&$filter=id in (1,2) and contains(subject,'a')",
      "Calls?$select=ConversationId&$filter=(ConversationId in (1,2)) and contains(TOPIC,'a')",
    ],
  ] as const) {
    it(ours, () => assert.equal(asked(ours), theirs));
  }

  it('rows come in our names and units, cut towards zero, with ids of their own', async () => {
    const plan = planOf('FarCalls', catalogue);
    assert.ok(plan.kind === 'Collection');
    const row = rowText(plan.selection, { ...readOptions(), metadata: 'full' });
    const read = async (raw: string) => JSON.parse(await row(raw, async () => [])) as Record<string, unknown>;
    const {
      '@odata.id': id,
      id: key,
      seconds,
      subject,
    } = await read('{"ConversationId":7,"Duration":30999,"TOPIC":"a","Rate":1}');
    assert.deepEqual([id, key, seconds, subject], ['https://feed.example/odata/FarCalls(7)', 7, 30, 'a']);
    for (const [raw, value] of [
      ['-30999', -30],
      ['null', null],
      ['"4000"', 4],
      ['999.0', 0],
    ] as const) {
      assert.equal((await read(`{"ConversationId":7,"Duration":${raw}}`))['seconds'], value, raw);
    }
    await assert.rejects(read('{"ConversationId":7,"Duration":1.5}'), /no whole number/);
  });
});
