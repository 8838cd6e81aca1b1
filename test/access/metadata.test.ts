import assert from 'node:assert/strict';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import { wholeSets } from '../../src/plan/grants.ts';
import { visibleCatalogue } from '../../src/plan/visible.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';

describe('the model of somebody who sees one set', () => {
  const catalogue = catalogueOf(metadataFolder);
  /** Names that are no words of any text by themselves: those with the prefix of a source. */
  const telling = [...catalogue.sets.values()]
    .filter(({ name, source }) => (catalogue.sources.get(source)?.prefix ?? '') !== '' && name.length > 8)
    .map(({ name }) => name);

  it('names none of the others, in no description either', () => {
    assert.ok(telling.length > 100);
    const told = [...catalogue.model.entitySets.keys()].flatMap((name) => {
      const { model } = visibleCatalogue(catalogue, wholeSets([name]));
      const words = new Set(metadataXml(model).match(/\w+/g));
      return telling.filter((other) => other !== name && words.has(other)).map((other) => `${name} tells of ${other}`);
    });
    assert.deepEqual(told, []);
  });
});
