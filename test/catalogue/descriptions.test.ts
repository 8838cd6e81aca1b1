import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';

/** Every description that `$metadata` serves, by the place it stands at. */
function served(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const keep = (place: string, text: string | undefined): void => {
    if (text !== undefined) {
      found.set(place, text);
    }
  };
  for (const set of catalogueOf(metadataFolder).model.entitySets.values()) {
    keep(set.name, set.description);
    const { entityType } = set;
    keep(`type ${entityType.name}`, entityType.description);
    for (const { name, description } of entityType.properties.values()) {
      keep(`${set.name}/${name}`, description);
    }
    for (const { name, description } of entityType.navigationProperties.values()) {
      keep(`${set.name}/${name}`, description);
    }
  }
  return found;
}

/** Ids of decisions in a text. */
const idsIn = (text: string): readonly string[] => [...text.matchAll(/\[([A-Z]{2}-\d\d)\]/g)].map(([, id = '']) => id);

describe('C12 descriptions hold what a reader of the feed needs', () => {
  const descriptions = served();

  it('no served description has a note for those who maintain the metadata', () => {
    const notes =
      /\[[A-Z]{2,4}-\d+|decision|detect by|quarantine|profile command|prose|ambiguit|\$metadata|header says|not documented|never match|\b(keep|parse|annotate|tolerate)\b(?! in)/i;
    assert.ok(descriptions.size > 1800, `${descriptions.size} descriptions`);
    const found = [...descriptions].filter(([, text]) => notes.test(text));
    assert.deepEqual(found, [], 'move them to `decisions`');
  });

  it('every set and property of a metadata file has a description, in whole sentences', () => {
    for (const [place, text] of descriptions) {
      assert.match(text, /^\S[\s\S]*\S$/, place);
    }
  });

  it('all 79 decisions stand in the metadata, each with its id', () => {
    const files = readdirSync(metadataFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.yaml'),
    );
    const ids = new Set<string>();
    for (const name of files) {
      const text = readFileSync(path.join(metadataFolder, name), 'utf8');
      for (const id of idsIn(text)) {
        ids.add(id);
      }
      const { description = '' } = parse(text) as { readonly description?: string };
      if (path.basename(name) !== 'source.yaml') {
        assert.deepEqual(idsIn(description), [], name);
      }
    }
    assert.equal(ids.size, 79);
  });

  it('titles tell the sets apart in the service document', () => {
    const sets = [...catalogueOf(metadataFolder).model.entitySets.values()];
    const titles = sets.map(({ name, title = name }) => title);
    assert.equal(new Set(titles).size, titles.length, 'two sets have one title');
    assert.ok(titles.includes('Sparkcentral: Open Conversations') && titles.includes('Gateway: Load Rejects'));
  });
});
