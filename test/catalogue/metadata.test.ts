import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { getHeapStatistics } from 'node:v8';
import { validateXML } from 'xmllint-wasm';
import { parse } from 'yaml';
import type { StoredSet } from '../../src/catalogue/catalogue.ts';
import { foldHeader } from '../../src/catalogue/compile/export/fold-header.ts';
import { loadCatalogue, readMetadata, requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { checkModel } from '../../src/edm/check-model.ts';
import { metadataXml } from '../../src/edm/metadata-xml.ts';

const directory = new URL('../../metadata', import.meta.url).pathname;

describe('the metadata files of this project', () => {
  const catalogue = requireCatalogue(directory, {});
  const stored = [...catalogue.sets.values()].filter((set): set is StoredSet => set.kind === 'stored');
  const exportOf = (set: string) => {
    const found = catalogue.exports.find((candidate) => candidate.set === set);
    assert.ok(found, set);
    return found;
  };

  it('have no faults', () => {
    assert.deepEqual(loadCatalogue(directory, {}).faults, []);
  });

  it('are read with one more context of V8 at the most, whatever patterns they have', () => {
    // A context takes half a megabyte until the next full collection, and there are hundreds of patterns.
    const contexts = (): number => getHeapStatistics().number_of_native_contexts;
    const before = contexts();
    loadCatalogue(directory, {});
    assert.ok(contexts() - before <= 1, `${contexts() - before} contexts were made`);
  });

  it('make a model that may be published', () => {
    assert.deepEqual(checkModel(catalogue.model), []);
  });

  it('make a $metadata document that is valid against the OASIS schema', async () => {
    const schemaFile = (name: string) => ({
      fileName: name,
      contents: readFileSync(createRequire(import.meta.url).resolve(`odata-csdl/schemas/${name}`), 'utf8'),
    });
    const result = await validateXML({
      xml: { fileName: 'metadata.xml', contents: metadataXml(catalogue.model) },
      schema: schemaFile('edmx.xsd'),
      preload: [schemaFile('edm.xsd')],
    });
    assert.deepEqual(
      result.errors.map((error) => error.message),
      [],
    );
  });

  it('hold 64 documented tables with 804 columns', () => {
    const upstream = [...catalogue.sets.values()].filter((set) => set.kind === 'upstream');
    const reasons = catalogue.model.entitySets.get('TracebuzzQueueChangeReasons')?.entityType.properties.size ?? 0;
    assert.equal(catalogue.exports.length, 37);
    assert.equal(upstream.length, 26);
    assert.equal(catalogue.exports.length + upstream.length + 1, 64);
    const inFiles = catalogue.exports.reduce((sum, one) => sum + one.columns.length, 0);
    const inFeed = upstream.reduce(
      (sum, set) => sum + (catalogue.model.entitySets.get(set.name)?.entityType.properties.size ?? 0),
      0,
    );
    assert.equal(inFiles, 581);
    assert.equal(inFeed, 221);
    assert.equal(inFiles + inFeed + reasons, 804);
  });

  it('hold each documented code list, and the derived sets', () => {
    const byRole = (role: StoredSet['role']): number =>
      stored.filter((set) => set.role === role && set.source !== 'unified').length;
    // 44 lists: 4 of them (one of them in both inboxes, hence 7) have no documented value and stay open text.
    assert.equal(byRole('codeList'), 37);
    // 19 of the drafts less 2 code lists, and persons, queues and services.
    assert.equal(byRole('derived'), 20);
    assert.equal(byRole('ledger'), 7);
  });

  it('keep every decision about the ambiguities of the documents in sight', () => {
    const text = readMetadata(directory)
      .map((file) => file.text)
      .join('\n');
    const ids = (prefix: string, count: number): string[] =>
      Array.from({ length: count }, (_, i) => `[${prefix}-${String(i + 1).padStart(2, '0')}]`);
    const all = [...ids('TB', 30), ...ids('SC', 19), ...ids('HS', 11), ...ids('BZ', 19)];
    assert.equal(all.length, 79);
    assert.deepEqual(
      all.filter((id) => !text.includes(id)),
      [],
    );
  });

  it('use everything: each file is a set or a source', () => {
    const files = readMetadata(directory).filter((file) => !file.file.endsWith('source.yaml'));
    const own = files.filter((file) => typeof (parse(file.text) as { set?: unknown }).set === 'string').length;
    const taken = stored.filter((set) => set.source === 'hootsuite-inbox').length;
    assert.equal(own + taken + 7, catalogue.sets.size);
  });

  it('name the editor schema in their first line', () => {
    for (const { file, text } of readMetadata(directory)) {
      const [, name = ''] = /^# yaml-language-server: \$schema=\.\.\/schema\/(\w+\.json)\n/.exec(text) ?? [];
      assert.ok(readdirSync(`${directory}/schema`).includes(name), file);
    }
  });

  it('describe and class every property', () => {
    for (const type of catalogue.model.entityTypes.values()) {
      assert.ok(type.description, type.name);
      for (const property of type.properties.values()) {
        assert.ok(property.description, `${type.name}.${property.name}`);
        assert.ok(property.personalData, `${type.name}.${property.name}`);
      }
    }
  });

  it('have examples that join: a reference shows the key of the example row it leads to', () => {
    const documents = new Map(
      readMetadata(directory).map(({ file, text }) => [
        file,
        parse(text) as { properties?: Record<string, { example?: string }> },
      ]),
    );
    const example = (set: string, property: string): string | undefined => {
      const binding = catalogue.sets.get(set);
      const local = set.slice(catalogue.sources.get(binding?.source ?? '')?.prefix.length ?? 0);
      const name = `${local.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()}.yaml`;
      const folders = [binding?.source, binding?.source === 'hootsuite-inbox' ? 'sparkcentral' : undefined];
      return folders
        .map((folder) => documents.get(`${folder}/${name}`)?.properties?.[property]?.example)
        .find((found) => found !== undefined);
    };
    let compared = 0;
    for (const set of catalogue.model.entitySets.values()) {
      if (catalogue.sets.get(set.name)?.source === 'gateway') {
        continue;
      }
      for (const navigation of set.entityType.navigationProperties.values()) {
        const target = set.navigationPropertyBindings.get(navigation.name) ?? '';
        const binding = catalogue.sets.get(target);
        // A code list's example is its first row; membership is checked when the catalogue is built.
        if (
          navigation.collection ||
          navigation.partner === undefined ||
          (binding?.kind === 'stored' && binding.role === 'codeList')
        ) {
          continue;
        }
        for (const { property, referencedProperty } of navigation.join) {
          const [left, right] = [example(set.name, property), example(target, referencedProperty)];
          assert.ok(left !== undefined, `${set.name}.${property}`);
          assert.equal(left, right, `${set.name}.${property} -> ${target}.${referencedProperty}`);
          compared++;
        }
      }
    }
    assert.ok(compared > 100);
  });

  it('lead every navigation back: partners name each other over the same pairs', () => {
    for (const set of catalogue.model.entitySets.values()) {
      for (const navigation of set.entityType.navigationProperties.values()) {
        const target = catalogue.model.entitySets.get(set.navigationPropertyBindings.get(navigation.name) ?? '');
        if (navigation.partner === undefined) {
          // From sets over all sources to the rows that theirs are made of, and to the calendar.
          assert.equal(catalogue.sets.get(set.name)?.source, 'unified', `${set.name}.${navigation.name}`);
          continue;
        }
        const back = target?.entityType.navigationProperties.get(navigation.partner ?? '');
        assert.equal(back?.partner, navigation.name, `${set.name}.${navigation.name}`);
        assert.deepEqual(
          back.join.map((pair) => [pair.referencedProperty, pair.property]),
          navigation.join.map((pair) => [pair.property, pair.referencedProperty]),
        );
      }
    }
  });

  it('accept French headers beside the English ones, in one source only', () => {
    const french = catalogue.exports.flatMap((one) =>
      one.columns.flatMap((column) =>
        column.headers.filter((header) => header.language === 'fr').map(() => one.source),
      ),
    );
    assert.deepEqual([...new Set(french)], ['hootsuite-inbox']);
    const documented = catalogue.exports
      .filter((one) => one.source === 'hootsuite-inbox')
      .flatMap((one) => one.columns)
      .filter((column) => column.headers.some((header) => header.language === 'fr' && header.basis === 'documented'));
    assert.equal(documented.length, 211);
  });

  it('say how rows meet the table where the documents differ', () => {
    assert.deepEqual(exportOf('TracebuzzAiSuggestions').write, { mode: 'upsert', winner: 'LastUpdatedAt' });
    assert.deepEqual(exportOf('SparkcentralUserPresence').write, { mode: 'upsert', winner: 'ToAt' });
    assert.deepEqual(exportOf('TracebuzzUsers').write, { mode: 'snapshot', winner: null, missing: 'keep' });
    assert.deepEqual(exportOf('HootsuiteInboxOpenConversations').write, {
      mode: 'snapshot',
      winner: null,
      missing: 'hide',
    });
    assert.deepEqual(exportOf('SparkcentralContactAttributes').write, {
      mode: 'delete-insert',
      winner: null,
      parent: ['ContactProfileId'],
    });
    assert.deepEqual(exportOf('SparkcentralTeamMetrics').write, {
      mode: 'restate',
      winner: null,
      period: ['PeriodStart', 'PeriodEnd'],
    });
    const content = exportOf('HootsuiteInboxMessages').columns.find((column) => column.property === 'Content');
    assert.equal(content?.keepIfEmpty, true);
  });

  it('recognise files by the documented names and directories, and no others', () => {
    const matching = (path: string): string[] =>
      catalogue.exports
        .filter((one) =>
          one.fileRules.some(
            (rule) =>
              new RegExp(rule.directory ?? '', 'i').test(path.slice(0, Math.max(path.lastIndexOf('/'), 0))) &&
              new RegExp(rule.name ?? '', 'i').test(path.slice(path.lastIndexOf('/') + 1)),
          ),
        )
        .map((one) => one.set);
    assert.deepEqual(matching('raw-cases-1749600000.csv'), ['TracebuzzCases']);
    assert.deepEqual(matching('raw-service-1749600000.csv'), ['TracebuzzServiceStatistics']);
    assert.deepEqual(matching('raw-raw_service-1749600000.csv'), ['TracebuzzServiceStatistics']);
    assert.deepEqual(matching('raw-raw_agents-1749600000.csv'), ['TracebuzzAgentStatistics']);
    assert.deepEqual(matching('raw-agent_inbox-1749600000.csv'), ['TracebuzzUserInboxStatuses']);
    assert.deepEqual(matching('export/user/x.csv'), ['SparkcentralAgentMetrics']);
    assert.deepEqual(matching('/export/user-presence/x.csv'), ['SparkcentralUserPresence']);
    assert.deepEqual(matching('hootsuite-inbox/export/topic/x.csv'), ['HootsuiteInboxTopicMetrics']);
    assert.deepEqual(matching('Users/somebody/x.csv'), []);
  });

  it('read the period of an aggregate export from the file name whatever stands between the parts', () => {
    const pattern = new RegExp(exportOf('SparkcentralTagMetrics').period?.name ?? '', 'i');
    for (const name of [
      '[991][tag][16062025000000][17062025000000][0b9f2a6e].csv',
      '991tag16062025000000170620250000000b9f2a6e.csv',
      'acme_991_16062025000000_17062025000000_0b9f2a6e.csv',
    ]) {
      assert.deepEqual({ ...pattern.exec(name)?.groups }, { from: '16062025000000', to: '17062025000000' }, name);
    }
  });

  it('read the moment of a snapshot from the file name, and take names without one', () => {
    for (const set of ['SparkcentralOpenConversations', 'HootsuiteInboxOpenConversations']) {
      const pattern = new RegExp(exportOf(set).fileRules[0]?.name ?? '', 'i');
      const stamp = (name: string): string | undefined => pattern.exec(name)?.groups?.['stamp'];
      assert.equal(stamp('[991][open][16062025101500][12345678-1234-4abc-9abc-123456789012].csv'), '16062025101500');
      assert.ok(pattern.test('open.csv'));
      assert.equal(stamp('open.csv'), undefined);
      assert.equal(pattern.test('open.xlsx'), false);
    }
  });

  it('give the system user a row', () => {
    const users = catalogue.sets.get('TracebuzzUsers');
    assert.deepEqual(users?.kind === 'stored' ? users.seedRows?.[0]?.slice(0, 2) : null, ['-1', 'Tracebuzz or system']);
  });

  it('fold no two headers of an export into one', () => {
    for (const one of catalogue.exports) {
      const owners = new Map<string, string>();
      for (const column of one.columns) {
        for (const header of column.headers) {
          const folded = foldHeader(header.text);
          assert.ok((owners.get(folded) ?? column.property) === column.property, `${one.set}: ${header.text}`);
          owners.set(folded, column.property);
        }
      }
    }
  });

  it('hold nothing but text files that end with a line end', () => {
    for (const { file, text } of readMetadata(directory)) {
      assert.ok(text.endsWith('\n') && !/[ \t]$/m.test(text) && !text.includes('\r'), file);
    }
    assert.ok(readFileSync(`${directory}/buzzeasy/source.yaml`, 'utf8').includes('$' + '{BUZZEASY_URL}'));
  });
});
