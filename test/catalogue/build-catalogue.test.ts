import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { expandEnvironment } from '../../src/catalogue/compile/documents/expand-environment.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';
import { foldHeader } from '../../src/catalogue/compile/export/fold-header.ts';

const orders = `set: Orders
entity: Order
title: Orders
description: Orders of a day.
key: [OrderId]
write: { mode: upsert }
properties:
  OrderId: { type: Int64, header: Order ID, personalData: none, description: Order., example: "7" }
  ParentOrderId: { type: Int64, references: Orders, personalData: none, description: Parent., example: "7" }
`;
const source = `title: Acme
description: Test source.
kind: files
prefix: Acme
`;

function built(files: Readonly<Record<string, string>>, environment: Record<string, string> = {}): Catalogue {
  const list = Object.entries(files).map(([file, text]) => ({ file, text }));
  const { catalogue, faults } = buildCatalogue(list, environment);
  assert.deepEqual(faults.map(faultText), []);
  assert.ok(catalogue);
  return catalogue;
}

describe('a catalogue', () => {
  it('comes from one file that carries its source', () => {
    const catalogue = built({
      'acme.yaml': `source: { name: acme, title: Acme, description: One file., kind: files, prefix: Acme }\n${orders}`,
    });
    assert.equal(catalogue.exports[0]?.set, 'AcmeOrders');
    assert.equal(catalogue.exports[0]?.name, 'acme');
    assert.equal(catalogue.exports[0]?.source, 'acme');
    assert.deepEqual(catalogue.exports[0]?.files.delimiters, [',', ';', '\t']);
  });

  it('has the ledger even where the metadata is empty', () => {
    assert.deepEqual(
      [...built({}).model.entitySets.keys()],
      [...['Loads', 'LoadRejects', 'LoadDrift', 'SourceFreshness', 'ArchivedSets', 'ArchiveCopies', 'AuditEvents']],
    );
  });

  it('gives loaded sets their bookkeeping properties, and DeletedAt where missing rows are kept', () => {
    const kept = orders.replace('mode: upsert', 'mode: snapshot, missing: keep');
    const hidden = orders
      .replace('mode: upsert', 'mode: snapshot, missing: hide')
      .replaceAll('Order', 'Line')
      .replaceAll('set: Lines', 'set: Lines');
    const catalogue = built({ 'acme/source.yaml': source, 'acme/orders.yaml': kept, 'acme/lines.yaml': hidden });
    const [order, line] = [catalogue.sets.get('AcmeOrders'), catalogue.sets.get('AcmeLines')];
    assert.ok(order?.kind === 'stored' && line?.kind === 'stored');
    assert.deepEqual([...order.columns.keys()].slice(2), ['LoadId', 'LoadedAt', 'Extras', 'DeletedAt']);
    assert.equal(order.columns.get('DeletedAt')?.name, '_deleted_at');
    assert.equal(order.hiddenBy, null);
    assert.equal(line.columns.has('DeletedAt'), false);
    assert.equal(line.hiddenBy, '_deleted_at');
  });

  it('names navigations by the property, partners by the set', () => {
    const lines = orders
      .replace('set: Orders', 'set: Lines')
      .replace('entity: Order', 'entity: Line')
      .replace('ParentOrderId', 'CustomerOrderId');
    const catalogue = built({ 'acme/source.yaml': source, 'acme/orders.yaml': orders, 'acme/lines.yaml': lines });
    const names = (set: string): string[] => [
      ...(catalogue.model.entitySets.get(set)?.entityType.navigationProperties.keys() ?? []),
    ];
    assert.deepEqual(names('AcmeOrders'), ['CustomerOrderLines', 'ParentOrder', 'ParentOrderOrders']);
    assert.deepEqual(names('AcmeLines'), ['CustomerOrder']);
  });

  it('lets a source take over another one, file by file, under its own prefix', () => {
    const catalogue = built({
      'acme/source.yaml': `${source}files: { timeZone: Europe/Paris, nullTokens: [none] }\n`,
      'acme/orders.yaml': orders,
      'beta/source.yaml': `${source.replace('prefix: Acme', 'prefix: Beta')}extends: acme\nfiles: { timeZone: UTC }\n`,
      'beta/orders.yaml':
        'properties:\n  OrderId: { documented: { fr: "N° de commande" } }\n  Mood: { type: String, assumed: true, personalData: none, description: Mood., example: good }\n',
    });
    const [acme, beta] = ['AcmeOrders', 'BetaOrders'].map((set) => catalogue.exports.find((one) => one.set === set));
    assert.deepEqual(
      acme?.columns.map((column) => column.property),
      ['OrderId', 'ParentOrderId'],
    );
    assert.deepEqual(
      beta?.columns.map((column) => column.property),
      ['OrderId', 'ParentOrderId', 'Mood'],
    );
    assert.deepEqual(beta?.columns[0]?.headers, [
      { text: 'Order ID', language: 'en', basis: 'documented' },
      { text: 'N° de commande', language: 'fr', basis: 'documented' },
    ]);
    assert.equal(beta?.columns[2]?.headers[0]?.basis, 'alias');
    assert.equal(beta?.files.timeZone, 'UTC');
    assert.deepEqual(beta?.files.nullTokens, ['none']);
    assert.equal(
      catalogue.model.entitySets.get('BetaOrders')?.navigationPropertyBindings.get('ParentOrder'),
      'BetaOrders',
    );
  });

  it('lets a set refer to a set of another source', () => {
    const catalogue = built({
      'acme/source.yaml': source,
      'acme/orders.yaml': orders,
      'beta/source.yaml': source.replace('prefix: Acme', 'prefix: Beta'),
      'beta/parcels.yaml': orders
        .replace('set: Orders', 'set: Parcels')
        .replace('entity: Order', 'entity: Parcel')
        .replace('OrderId', 'ParcelId')
        .replace('[OrderId]', '[ParcelId]')
        .replace('  OrderId', '  ParcelId')
        .replace('ParentOrderId', 'OrderId')
        .replace('references: Orders', 'references: acme.Orders'),
    });
    const parcels = catalogue.model.entitySets.get('BetaParcels');
    assert.equal(parcels?.navigationPropertyBindings.get('Order'), 'AcmeOrders');
    assert.ok(catalogue.model.entityTypes.get('AcmeOrder')?.navigationProperties.has('BetaParcels'));
  });

  it('keeps a proxied source without an address, and names the variable that would give it', () => {
    const feed = `title: Feed\ndescription: Feed.\nkind: odata\nprefix: Feed\nupstream: { url: "\${FEED_URL}", tokenFile: "\${FEED_TOKEN:-/run/token}" }\n`;
    const without = built({ 'feed/source.yaml': feed }).sources.get('feed')?.upstream;
    assert.equal(without?.url, null);
    assert.equal(without?.urlVariable, 'FEED_URL');
    assert.deepEqual(without?.signIn, { kind: 'bearer', token: { kind: 'file', path: '/run/token' } });
    const given = built({ 'feed/source.yaml': feed }, { FEED_URL: 'https://example.com/odata' }).sources.get('feed');
    assert.equal(given?.upstream?.url, 'https://example.com/odata/');
  });

  it('is the same whatever the order of the files', () => {
    const files = {
      'acme/source.yaml': source,
      'acme/orders.yaml': orders,
      'acme/lines.yaml': orders.replaceAll('Order', 'Line'),
    };
    const list = Object.entries(files).map(([file, text]) => ({ file, text }));
    assert.deepEqual(buildCatalogue([...list].reverse(), {}), buildCatalogue(list, {}));
  });

  it('never throws, whatever a file says', () => {
    const yamlish = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('a: &x [*x]', '? [1]\n: 2', '- 1\n- 2', 'null', '!!set {a}'),
    );
    fc.assert(
      fc.property(yamlish, yamlish, (first, second) => {
        const { catalogue, faults } = buildCatalogue(
          [
            { file: 'acme/source.yaml', text: first },
            { file: 'acme/orders.yaml', text: second },
          ],
          {},
        );
        assert.equal(catalogue === null, faults.length > 0);
      }),
      { numRuns: 300 },
    );
  });

  it('survives any one line of a good file being lost or changed', () => {
    const lines = orders.split('\n');
    for (const number of lines.keys()) {
      for (const line of [null, 'x', `${lines[number]} x`, (lines[number] ?? '').replace(/[:{]/, '')]) {
        const text = lines.flatMap((other, at) => (at === number ? (line === null ? [] : [line]) : [other])).join('\n');
        const files = [
          { file: 'acme/source.yaml', text: source },
          { file: 'acme/orders.yaml', text },
        ];
        const { catalogue, faults } = buildCatalogue(files, {});
        assert.equal(catalogue === null, faults.length > 0, text);
      }
    }
  });
});

describe('foldHeader', () => {
  it('takes away what spreadsheets and people change', () => {
    assert.equal(foldHeader('  Nom\u00a0de l\u2019agent '), "nom de l'agent");
    assert.equal(foldHeader('USER_ID'), foldHeader('User  Id'));
    assert.equal(foldHeader('Cherry-Picking Time (s)'), 'cherry picking time (s)');
    assert.equal(foldHeader('Cre\u0301e\u0301 a\u0300'), foldHeader('Créé à'));
  });

  it('keeps what carries meaning', () => {
    assert.notEqual(foldHeader('AGENTSLOAD IN #'), foldHeader('AGENTLOAD IN #'));
    assert.notEqual(foldHeader('SNOOZED #'), foldHeader('SNOOZED'));
    assert.notEqual(foldHeader('Créé'), foldHeader('Cree'));
  });

  it('is stable: folded text folds to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => foldHeader(foldHeader(text)) === foldHeader(text)),
    );
  });
});

describe('expandEnvironment', () => {
  it('replaces names, takes defaults, and tells what is unset and where', () => {
    const three = `$${'{THREE}'}`;
    const value = { a: [`$${'{ONE}'}-$${'{TWO:-2}'}`], b: three, c: 'cost $5 {x}' };
    assert.deepEqual(expandEnvironment(value, { ONE: '1' }), {
      value: { a: ['1-2'], b: three, c: 'cost $5 {x}' },
      unset: [{ path: ['b'], name: 'THREE' }],
    });
  });
});
