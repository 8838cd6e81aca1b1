import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { type LoadedFeed, loadedFeed, type Row } from './loaded-feed.ts';

const capabilities = '@Org.OData.Capabilities.V1';

/** One request for each canonical function of OData 4.01 (URL Conventions 5.1.1.5 to 5.1.1.13), by the name as listed. */
const functionExamples: Readonly<Record<string, string>> = {
  contains: "contains(Title,'a')",
  startswith: "startswith(Title,'a')",
  endswith: "endswith(Title,'a')",
  length: 'length(Title) gt 1',
  indexof: "indexof(Title,'a') eq 1",
  substring: "substring(Title,1) eq 'a'",
  tolower: "tolower(Title) eq 'a'",
  toupper: "toupper(Title) eq 'A'",
  trim: "trim(Title) eq 'a'",
  concat: "concat(Title,'a') eq 'aa'",
  matchesPattern: "matchesPattern(Title,'^a')",
  year: 'year(PublishedAt) eq 2026',
  month: 'month(PublishedAt) eq 1',
  day: 'day(PublishedAt) eq 1',
  hour: 'hour(PublishedAt) eq 1',
  minute: 'minute(PublishedAt) eq 1',
  second: 'second(PublishedAt) eq 1',
  fractionalseconds: 'fractionalseconds(PublishedAt) eq 0.5',
  date: 'date(PublishedAt) eq 2026-01-01',
  time: 'time(PublishedAt) eq 01:00:00',
  totaloffsetminutes: 'totaloffsetminutes(PublishedAt) eq 0',
  totalseconds: 'totalseconds(CheckedAt sub PublishedAt) eq 1',
  now: 'PublishedAt lt now()',
  mindatetime: 'PublishedAt gt mindatetime()',
  maxdatetime: 'PublishedAt lt maxdatetime()',
  round: 'round(TbRank) eq 1',
  floor: 'floor(TbRank) eq 1',
  ceiling: 'ceiling(TbRank) eq 1',
  cast: "cast(TbRank,Edm.String) eq '1'",
  case: 'case(TbRank gt 1:true,true:false)',
  isof: 'isof(TbRank,Edm.Int64)',
  'geo.distance': "geo.distance(Title,geography'SRID=0;Point(1 2)') eq 1",
  'geo.length': 'geo.length(Title) eq 1',
  'geo.intersects': "geo.intersects(Title,geography'SRID=0;Point(1 2)')",
  hassubset: 'hassubset(Title,[1])',
  hassubsequence: 'hassubsequence(Title,[1])',
};

/** One request for each transformation of the Data Aggregation extension 4.0. */
const transformationExamples: Readonly<Record<string, string>> = {
  aggregate: 'aggregate($count as N)',
  groupby: 'groupby((Status))',
  filter: 'filter(Status eq 1)',
  search: 'search(a)',
  compute: 'compute(Likes add 1 as More)',
  concat: 'concat(groupby((Status)),groupby((Type)))',
  identity: 'identity',
  orderby: 'orderby(Likes)',
  top: 'top(3)',
  skip: 'skip(3)',
  topcount: 'topcount(3,Likes)',
  toppercent: 'toppercent(3,Likes)',
  topsum: 'topsum(3,Likes)',
  bottomcount: 'bottomcount(3,Likes)',
  bottompercent: 'bottompercent(3,Likes)',
  bottomsum: 'bottomsum(3,Likes)',
  expand: 'expand(Activities,filter(true))',
  nest: 'nest(groupby((Status)) as N)',
  join: 'join(Activities as A)/groupby((A/ActivityId))',
  outerjoin: 'outerjoin(Activities as A)',
  ancestors: 'ancestors($root/TracebuzzLabels,H,LabelId,filter(true))',
  descendants: 'descendants($root/TracebuzzLabels,H,LabelId,filter(true))',
  traverse: 'traverse($root/TracebuzzLabels,H,LabelId,preorder)',
};

/** The terms that the Capabilities, Core and Aggregation vocabularies had in 2017, when the readers in Power BI and Excel were built. */
const knownTerms = new Set([
  ...['Core.V1.Description', 'Core.V1.ODataVersions', 'Aggregation.V1.ApplySupported'],
  ...[
    'ConformanceLevel',
    'SupportedFormats',
    'BatchSupported',
    'BatchContinueOnErrorSupported',
    'AsynchronousRequestsSupported',
    'CrossJoinSupported',
  ].map((term) => `Capabilities.V1.${term}`),
  ...[
    'FilterFunctions',
    'TopSupported',
    'SkipSupported',
    'CountRestrictions',
    'FilterRestrictions',
    'SortRestrictions',
  ].map((term) => `Capabilities.V1.${term}`),
  ...[
    'ExpandRestrictions',
    'SearchRestrictions',
    'ChangeTracking',
    'InsertRestrictions',
    'UpdateRestrictions',
    'DeleteRestrictions',
  ].map((term) => `Capabilities.V1.${term}`),
]);

describe('Capabilities in $metadata are the truth', () => {
  let feed: LoadedFeed;
  let container: Row;
  let stored: readonly string[];
  before(async () => {
    feed = await loadedFeed();
    const document = (await feed.json('$metadata?$format=json')) as Record<string, Record<string, Row>>;
    container = document[feed.catalogue.model.namespace]?.[feed.catalogue.model.container] ?? {};
    stored = [...feed.catalogue.sets].filter(([, binding]) => binding.kind === 'stored').map(([name]) => name);
  });

  const stated = (name: string, term: string): Row =>
    ((container[name] as Row)[`${capabilities}.${term}`] ?? {}) as Row;
  const status = async (query: string) => (await feed.get(query)).status;
  const properties = (set: string) => [
    ...(feed.catalogue.model.entitySets.get(set)?.entityType.properties.keys() ?? []),
  ];
  const navigations = (set: string) => [
    ...(feed.catalogue.model.entitySets.get(set)?.entityType.navigationProperties.keys() ?? []),
  ];

  it('every stored set states each capability, and only terms that old readers know are used', async () => {
    assert.ok(stored.length > 60);
    for (const set of stored) {
      for (const term of [
        'TopSupported',
        'SkipSupported',
        'CountRestrictions',
        'FilterRestrictions',
        'SortRestrictions',
        'ExpandRestrictions',
        'SearchRestrictions',
        'ChangeTracking',
      ]) {
        assert.ok(`${capabilities}.${term}` in (container[set] as Row), `${set} ${term}`);
      }
    }
    const used = new Set((await feed.text('$metadata')).match(/(?<=Annotation Term="Org\.OData\.)[\w.]+/g));
    for (const term of used) {
      assert.ok(knownTerms.has(term), term);
    }
  });

  it('TopSupported, SkipSupported, Countable', async () => {
    for (const set of stored) {
      assert.equal((await status(`${set}?$top=1`)) === 200, stated(set, 'TopSupported'), set);
      assert.equal((await status(`${set}?$skip=1&$top=1`)) === 200, stated(set, 'SkipSupported'), set);
      assert.equal((await status(`${set}/$count`)) === 200, stated(set, 'CountRestrictions')['Countable'], set);
    }
  });

  it('Filterable and Sortable: every property of every set, save those listed', async () => {
    for (const set of stored) {
      const filters = stated(set, 'FilterRestrictions');
      const sorts = stated(set, 'SortRestrictions');
      assert.deepEqual([filters['NonFilterableProperties'], sorts['NonSortableProperties']], [undefined, undefined]);
      const filter = properties(set)
        .map((name) => `${name} eq null`)
        .join(' or ');
      assert.equal((await status(`${set}?$top=1&$filter=${filter}`)) === 200, filters['Filterable'], set);
      const order = properties(set)
        .map((name) => `${name} desc`)
        .join(',');
      assert.equal((await status(`${set}?$top=1&$orderby=${order}`)) === 200, sorts['Sortable'], set);
    }
  });

  it('Expandable: every navigation property of every set, save those listed', async () => {
    for (const set of stored) {
      const { Expandable, NonExpandableProperties = [] } = stated(set, 'ExpandRestrictions');
      const listed = NonExpandableProperties as readonly string[];
      assert.equal(Expandable, navigations(set).length > listed.length, set);
      const bindings = feed.catalogue.model.entitySets.get(set)?.navigationPropertyBindings;
      const here = (name: string) => feed.catalogue.sets.get(bindings?.get(name) ?? '')?.kind === 'stored';
      const names = navigations(set).filter((name) => !listed.includes(name));
      if (names.some(here)) {
        assert.equal(await status(`${set}?$top=1&$expand=${names.filter(here)}`), 200, set);
      }
      // What leads to a proxied feed that is not there is not refused: it is unavailable, where the row names something there.
      for (const name of names.filter((one) => !here(one))) {
        const join = feed.catalogue.model.entitySets.get(set)?.entityType.navigationProperties.get(name)?.join ?? [];
        const keys = join.map(({ property }) => property);
        const { value } = (await feed.json(`${set}?$top=1&$select=${keys}`)) as { value: Record<string, unknown>[] };
        const leads = value.some((row) => keys.every((key) => row[key] !== null));
        assert.equal(await status(`${set}?$top=1&$expand=${name}`), leads ? 503 : 200, `${set}/${name}`);
      }
      for (const name of listed) {
        assert.ok((await status(`${set}?$top=1&$expand=${name}`)) >= 400, `${set}/${name}`);
      }
    }
  });

  it('Searchable: $search is done where it says so and refused with 501 where not', async () => {
    for (const set of stored) {
      const { Searchable } = stated(set, 'SearchRestrictions');
      assert.equal(await status(`${set}?$top=1&$search=a`), Searchable === true ? 200 : 501, set);
    }
    assert.ok(stored.some((set) => stated(set, 'SearchRestrictions')['Searchable'] === true));
    assert.ok(stored.some((set) => stated(set, 'SearchRestrictions')['Searchable'] === false));
  });

  it('ChangeTracking: a delta link is given where it says so, and only there', async () => {
    for (const set of stored) {
      const { Supported } = stated(set, 'ChangeTracking');
      const body = await feed.json(`${set}?$select=${properties(set)[0]}`, { Prefer: 'odata.track-changes' });
      assert.equal('@odata.deltaLink' in body, Supported, set);
    }
  });

  it('FilterFunctions: each one listed is done, each other one of the standard is refused by name', async () => {
    const listed = container[`${capabilities}.FilterFunctions`] as readonly string[];
    assert.deepEqual(
      listed.filter((name) => functionExamples[name] === undefined),
      [],
    );
    for (const [name, example] of Object.entries(functionExamples)) {
      const query = `TracebuzzResults?$top=1&$filter=${encodeURIComponent(example)}`;
      if (listed.includes(name)) {
        assert.equal(await status(query), 200, name);
      } else {
        await feed.refused(query, { status: 501, code: 'NotImplemented' });
      }
    }
  });

  it('ApplySupported: each transformation listed is done, each other one of the standard is refused', async () => {
    for (const set of stored) {
      const { Transformations } = (container[set] as Row)['@Org.OData.Aggregation.V1.ApplySupported'] as {
        Transformations: readonly string[];
      };
      if (set !== 'TracebuzzResults') {
        continue;
      }
      assert.deepEqual(
        Transformations.filter((name) => transformationExamples[name] === undefined),
        [],
      );
      for (const [name, example] of Object.entries(transformationExamples)) {
        const found = await status(`TracebuzzResults?$apply=${encodeURIComponent(example)}`);
        if (Transformations.includes(name)) {
          assert.equal(found, 200, name);
        } else {
          assert.ok([400, 501].includes(found), `${name}: ${found}`);
        }
      }
    }
  });

  it('BatchSupported, AsynchronousRequestsSupported, CrossJoinSupported', async () => {
    const batch = await fetch(`${feed.root}$batch`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ requests: [{ id: '1', method: 'GET', url: 'TracebuzzCases/$count' }] }),
    });
    assert.equal(batch.status === 200, container[`${capabilities}.BatchSupported`]);
    const later = await feed.get('TracebuzzCases?$top=1', { Prefer: 'respond-async' });
    assert.equal(later.status === 202, container[`${capabilities}.AsynchronousRequestsSupported`]);
    const monitor = later.headers.get('location');
    if (monitor !== null) {
      await fetch(monitor, { method: 'DELETE' });
    }
    const joined = await status('$crossjoin(TracebuzzCases,TracebuzzUsers)?$top=1');
    assert.equal(joined === 200, container[`${capabilities}.CrossJoinSupported`]);
  });

  it('Insertable, Updatable and Deletable are false of every set, and every write is refused', async () => {
    for (const set of feed.catalogue.model.entitySets.keys()) {
      const said = ['InsertRestrictions', 'UpdateRestrictions', 'DeleteRestrictions'].map((term) =>
        Object.values(stated(set, term)),
      );
      assert.deepEqual(said, [[false], [false], [false]], set);
      for (const method of ['POST', 'PATCH', 'DELETE']) {
        assert.equal((await fetch(`${feed.root}${set}`, { method })).status, 405, `${method} ${set}`);
      }
    }
  });

  it('ConformanceLevel is Advanced', () => {
    assert.equal(container[`${capabilities}.ConformanceLevel`], 'Advanced');
  });
});
