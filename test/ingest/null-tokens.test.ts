import assert from 'node:assert/strict';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { catalogue, exportFile, useFeed } from './support/feed.ts';

const things = `source: { name: acme, title: Acme, description: Test., kind: files, prefix: Acme, files: { nullTokens: ['NULL'] } }
set: Things
title: Things
description: Things.
key: [Id, Kind]
write: { mode: upsert }
properties:
  Id: { type: Int64, personalData: none, description: Id., example: "7" }
  Kind: { type: String, emptyAs: "", personalData: none, description: Kind., example: a }
  Note: { type: String, emptyAs: "", personalData: none, description: Note., example: a }
  Said: { type: String, personalData: content, description: What a person said., example: a }
`;

describe('null words', () => {
  const feed = useFeed();

  for (const source of ['sparkcentral', 'hootsuite-inbox']) {
    it(`A15 a word is no null where the vendor documents none: a team named null, ${source}`, async () => {
      assert.deepEqual(catalogue.sources.get(source)?.files?.nullTokens, []);
      const file = exportFile(`${source}/messages`, [
        { MessageId: 'm1', Content: 'NULL', TeamName: 'NULL' },
        { MessageId: 'm2', Content: '', TeamName: 'null' },
        { MessageId: 'm3', Content: '', TeamName: '' },
      ]);
      const result = await feed().load(`null-words-${source}.csv`, file, { source, export: 'messages' });
      assert.equal(result.state, 'loaded', JSON.stringify(result));
      const set = catalogue.exports.find((one) => one.source === source && one.name === 'messages')?.set;
      assert.deepEqual(await feed().rows(`SELECT "Content", "TeamName" FROM feed."${set}" ORDER BY "MessageId"`), [
        { Content: 'NULL', TeamName: 'NULL' },
        { Content: null, TeamName: 'null' },
        { Content: null, TeamName: null },
      ]);
    });
  }

  it('A15 a documented word is null, whatever the case of nothing else: NULL of the source that writes it', async () => {
    const file = exportFile('tracebuzz/labels', [
      { LabelId: '1', Name: 'a', Description: 'NULL' },
      { LabelId: '2', Name: 'b', Description: 'Null' },
    ]);
    const result = await feed().load('labels.csv', file, { source: 'tracebuzz', export: 'labels' });
    assert.equal(result.state, 'loaded', JSON.stringify(result));
    assert.deepEqual(await feed().rows('SELECT "Description" FROM feed."TracebuzzLabels" ORDER BY "LabelId"'), [
      { Description: null },
      { Description: 'Null' },
    ]);
  });

  it('a null word in a column of codes is no text that stands there instead of one', async () => {
    const cells = ['NULL', '', '25', 'Moved by hand'];
    const rows = cells.map((ReasonCode, id) => ({ CaseActivityId: id + 1, CaseId: 7, ReasonCode }));
    const options = { source: 'tracebuzz', export: 'case-activities' };
    const result = await feed().load('activities.csv', exportFile('tracebuzz/case-activities', rows), options);
    assert.deepEqual(result.state === 'loaded' && result.counts.rejected, 0, JSON.stringify(result));
    assert.deepEqual(
      await feed().rows('SELECT "ReasonCode", "ReasonText" FROM feed."TracebuzzCaseActivities" ORDER BY _line'),
      [
        { ReasonCode: null, ReasonText: null },
        { ReasonCode: null, ReasonText: null },
        { ReasonCode: 25, ReasonText: null },
        { ReasonCode: null, ReasonText: 'Moved by hand' },
      ],
    );
  });
});

describe('null words beside emptyAs', () => {
  const built = buildCatalogue([{ file: 'things.yaml', text: things }], {}).catalogue;
  assert.ok(built);
  const feed = useFeed(built);
  const load = async (name: string, text: string) => {
    const result = await feed().load(name, text, { source: 'acme', export: 'things' });
    assert.equal(result.state, 'loaded', JSON.stringify(result));
    return feed().rows('SELECT "Id"::int AS id, "Kind", "Note", "Said" FROM feed."AcmeThings" ORDER BY "Id"');
  };

  it('A16 a null word says null, where an empty cell stands for a text', async () => {
    assert.deepEqual(await load('a.csv', 'Id,Kind,Note,Said\n1,k,NULL,NULL\n2,k,,\n3,k," NULL ",x\n'), [
      { id: 1, Kind: 'k', Note: null, Said: 'NULL' },
      { id: 2, Kind: 'k', Note: '', Said: null },
      { id: 3, Kind: 'k', Note: null, Said: 'x' },
    ]);
  });

  it('A16 a gap in a key stands for its text, whether it is empty or a null word', async () => {
    const rows = await load('b.csv', 'Id,Kind,Note,Said\n4,NULL,a,a\n5,,a,a\n');
    assert.deepEqual(rows.slice(3), [
      { id: 4, Kind: '', Note: 'a', Said: 'a' },
      { id: 5, Kind: '', Note: 'a', Said: 'a' },
    ]);
  });

  it('A16 a column that the file does not have stands for nothing', async () => {
    const rows = await load('c.csv', 'Id,Kind,Said\n6,k,a\n');
    assert.deepEqual(rows.slice(5), [{ id: 6, Kind: 'k', Note: null, Said: 'a' }]);
  });
});
