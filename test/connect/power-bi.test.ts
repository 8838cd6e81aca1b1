import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { usualSets } from '../../src/connect/connect-files.ts';
import { measuresOf } from '../../src/connect/power-bi/measures.ts';
import { type Field, pagesOf, type Visual } from '../../src/connect/power-bi/pages.ts';
import { projectFiles, projectZip } from '../../src/connect/power-bi/project.ts';
import { type Relationship, relationshipsOf } from '../../src/connect/power-bi/relationships.ts';
import type { EntitySet, NavigationProperty, PrimitiveTypeName } from '../../src/edm/model.ts';
import { primitiveTypes } from '../../src/edm/primitive-types.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { unzip } from './decoded-workbook.ts';
import { mFault } from './parsed-m.ts';
import { readTmdl, type TmdlNode } from './read-tmdl.ts';

const root = 'http://localhost:8080/odata/';
const at = new Date('2026-11-30T01:02:03Z');

interface Told {
  readonly name: string;
  /** `Name Type`, with `!` where it is never null; the first is the key. */
  readonly properties: readonly string[];
  /** `Name Property Set`, to the key of the other. */
  readonly navigations?: readonly string[];
  readonly description?: string;
}

function entitySets(told: readonly Told[]): readonly EntitySet[] {
  const keys = new Map(told.map(({ name, properties }) => [name, (properties[0] ?? '').split(' ')[0] ?? '']));
  return told.map(({ name, properties, navigations = [], description }) => {
    const links = navigations.map((text) => {
      const [navigation = '', property = '', target = ''] = text.split(' ');
      const join = [{ property, referencedProperty: keys.get(target) ?? '' }];
      const one: NavigationProperty = {
        ...{ kind: 'NavigationProperty', name: navigation, target: `${target}Type` },
        ...{ collection: false, nullable: true, join },
      };
      return { one, target };
    });
    const structural = properties.map((text) => {
      const [own = '', type = ''] = text.split(' ');
      const edm = `Edm.${type.replace('!', '')}` as PrimitiveTypeName;
      const told = {
        kind: 'Property',
        name: own,
        type: edm,
        collection: false,
        nullable: !type.endsWith('!'),
      } as const;
      return [own, { ...told, description: 'Line one.\n\n  Line "two".' }] as const;
    });
    return {
      kind: 'EntitySet',
      name,
      ...(description === undefined ? {} : { description }),
      entityType: {
        ...{ kind: 'EntityType', name: `${name}Type`, key: [keys.get(name) ?? ''], properties: new Map(structural) },
        navigationProperties: new Map(links.map(({ one }) => [one.name, one])),
      },
      navigationPropertyBindings: new Map(links.map(({ one, target }) => [one.name, target])),
      searchable: [],
    };
  });
}

const unified = entitySets([
  {
    name: 'Conversations',
    properties: [
      ...['ConversationKey String!', 'Source String!', 'Channel String', 'StartedAt DateTimeOffset!', 'LocalDate Date'],
      ...['LocalHour Int32', 'AgentKey String', 'FirstResponseSeconds Decimal', 'HandleSeconds Decimal'],
      ...['WaitSeconds Decimal', 'ResolutionSeconds Decimal', 'CsatScore Int32', 'Abandoned Boolean'],
    ],
    navigations: ['Date LocalDate Dates', 'Agent AgentKey Agents'],
    description: "What customers' conversations are.",
  },
  {
    name: 'Messages',
    properties: ['MessageKey String!', 'ConversationKey String', 'SentAt DateTimeOffset', 'LocalDate Date'],
    navigations: ['Conversation ConversationKey Conversations', 'Date LocalDate Dates'],
  },
  { name: 'Agents', properties: ['AgentKey String!', 'Name String'] },
  { name: 'Dates', properties: ['Date Date!', 'YearMonth String!'] },
]);
const others = entitySets([
  { name: 'Every', properties: [...primitiveTypes.keys()].map((type) => `${type.slice(4)}Value ${type.slice(4)}`) },
]);

const schemas = new Ajv({ strict: false, allErrors: true, logger: false });
for (const file of readdirSync(path.join(import.meta.dirname, 'schemas'))) {
  if (file.endsWith('.json')) {
    const schema = JSON.parse(readFileSync(path.join(import.meta.dirname, 'schemas', file), 'utf8')) as { $id: string };
    schemas.addSchema(schema, schema.$id.replace('schema.embedded.json', 'schema-embedded.json'));
  }
}

for (const [title, sets, pages] of [
  ['of the unified sets', unified, ['Overview', 'Channels', 'Agents', 'Service level']],
  ['of other sets', others, ['Rows']],
] as const) {
  describe(`connect files: a Power BI project ${title}`, () => {
    const files = projectFiles({ root, sets, at });
    const json = (name: string): Readonly<Record<string, unknown>> => JSON.parse(files.get(name) ?? 'null');
    const tmdl = (name: string): readonly TmdlNode[] =>
      readTmdl(files.get(`ContactCentre.SemanticModel/definition/${name}.tmdl`) ?? '');
    const tables = (): readonly TmdlNode[] => sets.flatMap(({ name }) => tmdl(`tables/${name}`));

    it('is valid against the schemas that its documents name', () => {
      const documents = [...files].filter(([name, text]) => !name.endsWith('.platform') && text.startsWith('{'));
      assert.ok(documents.length > 6);
      for (const [name, text] of documents) {
        const document = JSON.parse(text) as { readonly $schema: string };
        const validate = schemas.getSchema(document.$schema);
        assert.ok(validate !== undefined, document.$schema);
        assert.ok(validate(document), `${name}: ${JSON.stringify(validate.errors)}`);
      }
    });

    it('its parts find each other', async () => {
      assert.deepEqual(json('ContactCentre.pbip')['artifacts'], [{ report: { path: 'ContactCentre.Report' } }]);
      const { datasetReference } = json('ContactCentre.Report/definition.pbir');
      assert.deepEqual(datasetReference, { byPath: { path: '../ContactCentre.SemanticModel' } });
      const ids = ['Report', 'SemanticModel'].map((type) => {
        const platform = json(`ContactCentre.${type}/.platform`) as {
          metadata: { type: string };
          config: { logicalId: string };
        };
        assert.equal(platform.metadata.type, type);
        return platform.config.logicalId;
      });
      assert.equal(new Set(ids).size, 2);
      const parts = await unzip(await projectZip({ root, sets, at }));
      assert.deepEqual(
        [...parts].map(([name, bytes]) => [name, bytes.toString('utf8')]),
        [...files],
      );
    });

    it('the model reads as TMDL, with a query that loads each table', async () => {
      assert.deepEqual(tmdl('database')[0]?.properties.get('compatibilityLevel'), '1600');
      const refs = tmdl('model').filter(({ keyword }) => keyword === 'ref');
      assert.deepEqual(
        refs.map(({ name }) => name),
        sets.map(({ name }) => name),
      );
      const tags = new Set<string>();
      for (const table of tables()) {
        const of = (keyword: string) => table.children.filter((child) => child.keyword === keyword);
        const [partition] = of('partition');
        assert.equal(await mFault(partition?.properties.get('source') ?? ''), null, table.name);
        assert.match(partition?.properties.get('source') ?? '', /OData\.Feed\(FeedAddress, null, /);
        const columns = of('column').map(({ name }) => name.toLowerCase());
        assert.equal(columns.length, sets.find(({ name }) => name === table.name)?.entityType.properties.size);
        for (const measure of of('measure')) {
          assert.ok(!columns.includes(measure.name.toLowerCase()), measure.name);
          assert.ok((measure.expression ?? '') !== '');
        }
        for (const node of [table, ...of('column'), ...of('measure')]) {
          const tag = node.properties.get('lineageTag') ?? '';
          assert.match(tag, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
          assert.ok(!tags.has(tag), tag);
          tags.add(tag);
        }
        for (const column of of('column')) {
          assert.equal(column.description, 'Line one. Line "two".');
          assert.match(column.properties.get('dataType') ?? '', /^(string|int64|double|dateTime|boolean)$/);
        }
      }
      const measures = tables().flatMap(({ children }) => children.filter(({ keyword }) => keyword === 'measure'));
      assert.equal(new Set(measures.map(({ name }) => name)).size, measures.length);
      for (const parameter of tmdl('expressions')) {
        assert.equal(await mFault((parameter.expression ?? '').replace(/ meta .*/, '')), null);
      }
    });

    it('its pages show fields that the model has', () => {
      const order = (json('ContactCentre.Report/definition/pages/pages.json') as { pageOrder: string[] }).pageOrder;
      const titles = order.map(
        (name) => json(`ContactCentre.Report/definition/pages/${name}/page.json`)['displayName'],
      );
      assert.deepEqual(titles, pages);
      const fields = new Set(
        tables().flatMap(({ name, children }) => children.map((child) => `${child.keyword} ${name}.${child.name}`)),
      );
      const visuals = [...files].filter(([name]) => name.endsWith('visual.json'));
      assert.ok(visuals.length > 0);
      for (const [name, text] of visuals) {
        const document = JSON.parse(text) as {
          name: string;
          position: { x: number; y: number; width: number; height: number };
          visual: { query: { queryState: Record<string, { projections: { field: object; queryRef: string }[] }> } };
        };
        assert.equal(path.basename(path.dirname(name)), document.name);
        const { x, y, width, height } = document.position;
        assert.ok(x >= 0 && y >= 0 && x + width <= 1280 && y + height <= 720, name);
        for (const { projections } of Object.values(document.visual.query.queryState)) {
          for (const { field, queryRef } of projections) {
            assert.ok(fields.has(`${Object.keys(field)[0]?.toLowerCase()} ${queryRef}`), queryRef);
          }
        }
      }
    });
  });
}

describe('connect files: the semantic model', () => {
  const files = projectFiles({ root, sets: unified, at });
  const file = (name: string): string => files.get(`ContactCentre.SemanticModel/definition/${name}.tmdl`) ?? '';

  it('the unified sets are a star: facts share what tells them apart, and a filter has one way to each', () => {
    const told = readTmdl(file('relationships')).map(({ properties }) => [
      ...['fromColumn', 'toColumn', 'isActive'].map((name) => properties.get(name)),
    ]);
    assert.deepEqual(told, [
      ['Conversations.LocalDate', 'Dates.Date', undefined],
      ['Conversations.AgentKey', 'Agents.AgentKey', undefined],
      ['Messages.ConversationKey', 'Conversations.ConversationKey', 'false'],
      ['Messages.LocalDate', 'Dates.Date', undefined],
    ]);
  });

  it('the facts of the product follow filters of days, agents, teams, channels, contacts and topics', () => {
    const relations = relationshipsOf(usualSets(catalogueOf(metadataFolder, {}).model.entitySets));
    const facts = new Map<string, string[]>();
    for (const { from, to, active } of relations) {
      facts.set(from.set, [...(facts.get(from.set) ?? []), ...(active ? [to.set] : [])]);
    }
    assert.deepEqual(Object.fromEntries([...facts].map(([name, targets]) => [name, targets.sort()])), {
      Conversations: ['Agents', 'Channels', 'Contacts', 'Dates', 'Teams'],
      Messages: ['Agents', 'Channels', 'Contacts', 'Dates', 'Teams'],
      Contacts: [],
      ConversationTopics: ['Conversations', 'Topics'],
      AgentDays: ['Agents', 'Dates'],
      TeamDays: ['Dates', 'Teams'],
      TeamIntervals: ['Dates', 'Teams'],
    });
  });

  it('what a page of the product splits or filters by reaches every number on it', () => {
    const sets = usualSets(catalogueOf(metadataFolder, {}).model.entitySets);
    const active = relationshipsOf(sets).filter((one) => one.active);
    const follows = (set: string, other: string): boolean =>
      set === other || active.some(({ from, to }) => from.set === set && follows(to.set, other));
    const pages = pagesOf(sets, measuresOf(sets));
    assert.equal(pages.length, 4);
    for (const { title, visuals } of pages) {
      const fieldsOf = (kind: Field['kind'], some: readonly Visual[]): readonly Field[] =>
        some.flatMap(({ roles }) => Object.values(roles).flat()).filter((field) => field.kind === kind);
      const slicers = fieldsOf(
        'Column',
        visuals.filter(({ type }) => type === 'slicer'),
      );
      for (const visual of visuals) {
        for (const measure of fieldsOf('Measure', [visual])) {
          for (const column of [...slicers, ...fieldsOf('Column', [visual])]) {
            const told = `${title}: ${measure.set}[${measure.name}] by ${column.set}[${column.name}]`;
            assert.ok(follows(measure.set, column.set), told);
          }
        }
      }
    }
  });

  it('facts are refreshed by days, and rows without a moment are lost by none: they come with the one that has not ended', async () => {
    const [conversations] = readTmdl(file('tables/Conversations'));
    const policy = conversations?.children.find(({ keyword }) => keyword === 'refreshPolicy');
    const source = policy?.properties.get('sourceExpression') ?? '';
    assert.match(
      source,
      /Period = Table\.SelectRows\(Navigation, each \[StartedAt\] >= DateTimeZone\.From\(RangeStart\) and \[StartedAt\] < DateTimeZone\.From\(RangeEnd\)\),\n/,
    );
    assert.equal(await mFault(source), null);
    const partition = conversations?.children.find(({ keyword }) => keyword === 'partition');
    assert.equal(partition?.properties.get('source'), source);
    assert.match(file('expressions'), /^expression RangeStart = #datetime\(2025, 1, 1, 0, 0, 0\) meta /m);
    const [messages] = readTmdl(file('tables/Messages'));
    const read =
      messages?.children.find(({ keyword }) => keyword === 'refreshPolicy')?.properties.get('sourceExpression') ?? '';
    const within = '[SentAt] >= DateTimeZone.From(RangeStart) and [SentAt] < DateTimeZone.From(RangeEnd)';
    const isOpen = 'DateTimeZone.From(RangeEnd) > DateTimeZone.UtcNow()';
    assert.ok(
      read.includes(
        `Period = Table.SelectRows(Navigation, if ${isOpen} then each (${within}) or [SentAt] = null else each ${within}),\n`,
      ),
      read,
    );
    assert.equal(await mFault(read), null);
    const shipped = projectFiles({ root, sets: [...catalogueOf(metadataFolder, {}).model.entitySets.values()], at });
    for (const name of ['Conversations', 'Messages']) {
      assert.match(
        shipped.get(`ContactCentre.SemanticModel/definition/tables/${name}.tmdl`) ?? '',
        /\trefreshPolicy\n/,
      );
    }
  });

  it('all sets of the product are read, and their queries', async () => {
    const sets = [...catalogueOf(metadataFolder, {}).model.entitySets.values()];
    assert.ok(sets.length > 30);
    const read = [...projectFiles({ root, sets, at })].flatMap(([name, text]) =>
      name.endsWith('.tmdl') ? readTmdl(text) : [],
    );
    const partitions = read.flatMap(({ children }) => children.filter(({ keyword }) => keyword === 'partition'));
    assert.equal(partitions.length, sets.length);
    // They differ in the names and types of their columns alone.
    for (const { name, properties } of partitions.filter((_, index) => index % 8 === 0)) {
      assert.equal(await mFault(properties.get('source') ?? ''), null, name);
    }
  });

  it('the calendar is one, and a blank is not less than an hour', () => {
    assert.match(file('tables/Dates'), /dataCategory: Time\n/);
    assert.match(
      file('tables/Dates'),
      /column Date\n\t\tdataType: dateTime\n\t\tisKey\n\t\tformatString: Short Date\n/,
    );
    assert.match(
      file('tables/Conversations'),
      /measure 'Answered within an hour' = DIVIDE\(CALCULATE\(COUNTROWS\('Conversations'\), 'Conversations'\[FirstResponseSeconds\] <= 3600, NOT ISBLANK\('Conversations'\[FirstResponseSeconds\]\)\), COUNT\('Conversations'\[FirstResponseSeconds\]\)\)\n/,
    );
  });

  it('months and weekdays of the product stand in their own order', () => {
    const own = projectFiles({ root, sets: usualSets(catalogueOf(metadataFolder, {}).model.entitySets), at });
    const [dates] = readTmdl(own.get('ContactCentre.SemanticModel/definition/tables/Dates.tmdl') ?? '');
    const sorted = dates?.children.flatMap(({ name, properties }) => {
      const by = properties.get('sortByColumn');
      return by === undefined ? [] : [[name, by]];
    });
    assert.deepEqual(sorted, [
      ['MonthName', 'Month'],
      ['WeekdayName', 'Weekday'],
    ]);
  });

  it('shares are a sum over a sum, of the rows that say both', () => {
    const own = projectFiles({ root, sets: [...catalogueOf(metadataFolder, {}).model.entitySets.values()], at });
    const share = (table: string, part: string, whole: string, others: readonly string[]): string =>
      `CALCULATE(DIVIDE(${part}, ${whole}), ${others.map((name) => `NOT ISBLANK('${table}'[${name}])`).join(', ')})\n`;
    for (const [table, measure, dax] of [
      [
        'TeamDays',
        "'Service level'",
        share('TeamDays', "SUM('TeamDays'[WithinServiceLevel])", "SUM('TeamDays'[ServiceLevelOffered])", [
          ...['WithinServiceLevel', 'ServiceLevelOffered'],
        ]),
      ],
      [
        // As the description of AgentDays/HandleSeconds has it: available is ready for work and without any.
        ...['AgentDays', 'Occupancy'],
        share(
          'AgentDays',
          "SUM('AgentDays'[HandleSeconds])",
          "SUM('AgentDays'[HandleSeconds]) + SUM('AgentDays'[AvailableSeconds])",
          ['HandleSeconds', 'AvailableSeconds'],
        ),
      ],
    ] as const) {
      const text = own.get(`ContactCentre.SemanticModel/definition/tables/${table}.tmdl`) ?? '';
      assert.ok(text.includes(`measure ${measure} = ${dax}`), text);
    }
  });

  it('of any relations as many are active as there can be with one way between two tables', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 12 }), (links) => {
        const sets = entitySets(
          Array.from({ length: 6 }, (_, index) => ({
            name: `S${index}`,
            properties: ['Id Int64!', ...links.map((_, link) => `P${link} Int64`)],
            navigations: links.flatMap(([from, to], link) => (from === index ? [`N${link} P${link} S${to}`] : [])),
          })),
        );
        const found = relationshipsOf(sets);
        assert.equal(found.length, links.filter(([from, to]) => from !== to).length);
        const active = found.filter((one) => one.active);
        assert.ok(isUnambiguous(sets, active));
        for (const one of found.filter((other) => !other.active)) {
          assert.ok(!isUnambiguous(sets, [...active, one]), `${one.from.property} could be active`);
        }
      }),
      { numRuns: 100 },
    ));
});

/** Whether filters get from no table to another, or back to itself, on more ways than one. */
function isUnambiguous(sets: readonly EntitySet[], active: readonly Relationship[]): boolean {
  return sets.every(({ name }) => {
    const reached = new Set([name]);
    const visit = (set: string): boolean =>
      active
        .filter(({ to }) => to.set === set)
        .every(({ from }) => {
          if (reached.has(from.set)) {
            return false;
          }
          reached.add(from.set);
          return visit(from.set);
        });
    return visit(name);
  });
}
