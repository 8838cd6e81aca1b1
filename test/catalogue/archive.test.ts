import assert from 'node:assert/strict';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';
import { mergeUpstreamModel } from '../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import { entitySet, entityType, modelOf, property } from '../edm/small-model.ts';

const source = (archive: string): string =>
  `title: Far\ndescription: A feed.\nkind: odata\nprefix: Far\nupstream: { url: "\${FAR_URL}" }\n${archive}`;
const calls = (archive: string): string => `set: Calls
title: Calls
description: Calls.
key: [id]
${archive}
properties:
  id: { type: String, personalData: none, description: Key., example: "7" }
  startedAtUTC: { type: DateTimeOffset, personalData: none, description: Start., example: "2026-01-05T08:00:00Z" }
`;
const built = (ofSource: string, ofSet: string) =>
  buildCatalogue(
    [
      { file: 'far/source.yaml', text: source(ofSource) },
      { file: 'far/calls.yaml', text: calls(ofSet) },
    ],
    {},
  );
const settings = (ofSource: string, ofSet: string) => {
  const { catalogue, faults } = built(ofSource, ofSet);
  assert.deepEqual(faults.map(faultText), []);
  const set = catalogue?.sets.get('FarCalls');
  if (set?.kind !== 'upstream' || set.archive === undefined) {
    return undefined;
  }
  const { personal: _, ...rest } = set.archive;
  return rest;
};
const personal = (ofSource: string, ofSet: string) => {
  const { catalogue, faults } = built(ofSource, ofSet);
  const set = catalogue?.sets.get('FarCalls');
  const found = set?.kind === 'upstream' ? set.archive?.personal : undefined;
  return [Object.fromEntries(found?.byProperty ?? []), Object.fromEntries(found?.byClass ?? []), faults.map(faultText)];
};
const usual = {
  by: null,
  overlapSeconds: 259_200,
  serve: 'both',
  wholeEverySeconds: 86_400,
  keep: null,
  freshSeconds: 60,
};

describe('archive in metadata', () => {
  it('is off until source or set says so, and a set says what differs', () => {
    assert.equal(settings('', ''), undefined);
    assert.deepEqual(settings('archive: true', ''), usual);
    assert.equal(settings('archive: true', 'archive: false'), undefined);
    assert.equal(settings('archive: false', ''), undefined);
    assert.deepEqual(settings('', 'archive: { by: startedAtUTC }'), { ...usual, by: 'startedAtUTC' });
    assert.deepEqual(settings('archive: { serve: archive, overlap: 12 hours }', 'archive: { freshFor: 5 minutes }'), {
      ...usual,
      ...{ serve: 'archive', overlapSeconds: 43_200, freshSeconds: 300 },
    });
  });

  it('follows the feed: its spelling of the point in time, and sets that no document names', () => {
    const { catalogue } = built('archive: true', 'archive: { by: startedAtUTC }');
    assert.ok(catalogue);
    const id = property('id', 'Edm.String', { nullable: false });
    const merged = (type: 'Edm.DateTimeOffset' | 'Edm.String') => {
      const call = entityType('Call', ['id'], [id, property('StartedAtUtc', type)]);
      const model = modelOf([entitySet('Calls', call), entitySet('Others', entityType('Other', ['id'], [id]))]);
      const { sets } = mergeUpstreamModel(catalogue, 'far', model).catalogue;
      return ['FarCalls', 'FarOthers'].map((name) => {
        const set = sets.get(name);
        return set?.kind === 'upstream' ? set.archive?.by : undefined;
      });
    };
    assert.deepEqual(merged('Edm.DateTimeOffset'), ['StartedAtUtc', null]);
    assert.deepEqual(merged('Edm.String'), [null, null]);
  });

  it('takes policies for personal data, which rows that are not kept cannot have', () => {
    assert.deepEqual(personal('archive: true\npersonalData: { direct: hash }', 'personalData: { content: drop }'), [
      { id: 'keep', startedAtUTC: 'keep' },
      { direct: 'hash', content: 'drop' },
      [],
    ]);
    const [, , without] = personal('personalData: { direct: hash }', '');
    assert.match(String(without), /not stored, so nothing is done to their personal data/);
    const [, , live] = personal('archive: { serve: live }\npersonalData: { direct: hash }', '');
    assert.match(String(live), /Rows that are served live are as the feed has them/);
    const at = calls('archive: { by: startedAtUTC }').replace(
      'DateTimeOffset, personalData: none',
      'DateTimeOffset, personalData: indirect',
    );
    const { faults } = buildCatalogue(
      [
        { file: 'far/source.yaml', text: source('archive: true\npersonalData: { indirect: mask }') },
        { file: 'far/calls.yaml', text: at },
      ],
      {},
    );
    assert.match(
      faults.map(faultText).join(),
      /startedAtUTC is not kept as it is \(mask\), so rows cannot be copied by it/,
    );
  });

  it('has its faults told where they stand', () => {
    const faultsOf = (ofSource: string, ofSet: string) => built(ofSource, ofSet).faults.map(faultText).join('\n');
    assert.match(faultsOf('', 'archive: { by: startedAt }'), /calls.yaml.*There is no property startedAt/);
    assert.match(faultsOf('', 'archive: { by: id }'), /id says no point in time/);
    assert.match(faultsOf('archive: { overlap: 3 moons }', ''), /source.yaml.*"3 days"/);
    assert.match(faultsOf('', 'archive: { keep: 2 years }'), /Nothing says how old a row is/);
    const files = buildCatalogue(
      [
        { file: 'f/source.yaml', text: 'title: F\ndescription: F.\nkind: files\nprefix: F\narchive: true\n' },
        { file: 'f/calls.yaml', text: calls('archive: true') },
      ],
      {},
    ).faults.map(faultText);
    assert.equal(files.filter((fault) => /what files bring is stored anyway/.test(fault)).length, 2);
  });
});
