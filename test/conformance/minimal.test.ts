import assert from 'node:assert/strict';
import http from 'node:http';
import { before, describe, it } from 'mocha';
import { xml2json } from 'odata-csdl';
import { checkModel } from '../../src/edm/check-model.ts';
import { withoutDefaults } from '../edm/without-defaults.ts';
import { column, type LoadedFeed, loadedFeed, quoted, type Row } from './loaded-feed.ts';

const accept = (value: string) => ({ Accept: value });

/** OData 4.0 Minimal (13.1.1) and 4.01 Minimal (13.2.1). */
describe('Conformance: Minimal', () => {
  let feed: LoadedFeed;
  before(async () => {
    feed = await loadedFeed();
  });

  describe('4.0', () => {
    it('the service root serves a document of every entity set of the model, and each of them answers', async () => {
      const body = await feed.json('');
      assert.equal(body['@odata.context'], `${feed.root}$metadata`);
      const value = body['value'] as readonly Row[];
      assert.deepEqual(column(value, 'name'), [...feed.catalogue.model.entitySets.keys()]);
      for (const set of value) {
        const stored = feed.catalogue.sets.get(String(set['name']))?.kind === 'stored';
        if (stored) {
          assert.equal((await feed.get(`${set['url']}?$top=1`)).status, 200, String(set['url']));
        }
      }
    });

    it('data is OData JSON whatever of JSON, */* or nothing is accepted, and its Content-Type says so', async () => {
      for (const headers of [{}, accept('*/*'), accept('application/json'), accept('application/atom+xml,*/*;q=0.1')]) {
        const reply = await feed.get('TracebuzzCases?$top=1', headers);
        assert.match(reply.headers.get('content-type') ?? '', /^application\/json;odata\.metadata=minimal/);
        assert.equal(Array.isArray(((await reply.json()) as Row)['value']), true);
      }
    });

    it('a partial result ends with a next link, the last page with none, and all pages give every row once', async () => {
      const expected = column(await feed.all('TracebuzzResults'), 'ResultId');
      const found: unknown[] = [];
      let pages = 0;
      for (let next: string | undefined = 'TracebuzzResults?$select=ResultId'; next !== undefined; pages++) {
        const body = await feed.json(next, { Prefer: 'odata.maxpagesize=7' });
        found.push(...column(body['value'] as readonly Row[], 'ResultId'));
        next = body['@odata.nextLink'] as string | undefined;
      }
      assert.deepEqual(found, expected);
      assert.equal(pages, Math.ceil(expected.length / 7));
    });

    it('every reply has exactly one OData-Version, also errors, 204 and 304', async () => {
      const etag = (await rawHeaders(`${feed.root}TracebuzzCases`, {})).etag;
      const none = (await feed.all('TracebuzzCases')).find((row) => row['PersonId'] === null)?.['CaseId'];
      const asked: readonly [string, number, Record<string, string>][] = [
        ['', 200, {}],
        ['$metadata', 200, {}],
        ['TracebuzzCases', 304, { 'If-None-Match': etag }],
        [`TracebuzzCases(${none})/Person`, 204, {}],
        ['Nothing', 404, {}],
        ['TracebuzzCases?$filter=', 400, {}],
      ];
      for (const [query, status, headers] of asked) {
        const { raw, status: found } = await rawHeaders(`${feed.root}${query}`, headers);
        assert.equal(found, status, query);
        const values = raw.filter((_, index) => index % 2 === 1 && /^odata-version$/i.test(raw[index - 1] ?? ''));
        assert.deepEqual(values, ['4.0'], query);
      }
    });

    it('an Accept that cannot be met is 406, an OData-MaxVersion below 4.0 is 400', async () => {
      assert.equal((await feed.get('TracebuzzCases', accept('application/atom+xml'))).status, 406);
      await feed.refused('TracebuzzCases?$format=atom', { status: 406, code: 'NotAcceptable' });
      const old = await feed.get('TracebuzzCases', { 'OData-MaxVersion': '3.0' });
      assert.deepEqual([old.status, ((await old.json()) as { error: Row }).error['code']], [400, 'UnsupportedVersion']);
      for (const version of ['4.0', '4.01', '5.0']) {
        assert.equal((await feed.get('TracebuzzCases?$top=1', { 'OData-MaxVersion': version })).status, 200);
      }
    });

    it('unknown $-options are refused by name, custom options and unknown headers are not', async () => {
      await feed.refused('TracebuzzCases?$fliter=true', { status: 400, code: 'UnknownOption', naming: '$filter' });
      const plain = await feed.text('TracebuzzCases?$top=2');
      assert.equal(await feed.text('TracebuzzCases?$top=2&custom=x', { 'X-Unknown': 'y' }), plain);
    });

    it('every system query option is either done or refused with its name, never ignored', async () => {
      const valid: Readonly<Record<string, string>> = {
        $filter: 'CaseId gt 50130',
        $orderby: 'CaseId desc',
        $select: 'CaseId',
        $expand: 'Person',
        $top: '3',
        $skip: '3',
        $count: 'true',
        $compute: 'CaseId add 1 as Next',
        $apply: 'aggregate($count as N)',
        $format: 'application/json;odata.metadata=full',
      };
      const plain = await feed.text('TracebuzzCases');
      for (const [name, value] of Object.entries(valid)) {
        assert.notEqual(await feed.text(`TracebuzzCases?${name}=${value}`), plain, name);
      }
      for (const refused of ['$search=a', '$index=1', '$deltatoken=x', '$skiptoken=x', '$id=x', '$levels=2']) {
        const reply = await feed.get(`TracebuzzCases?${refused}`);
        assert.ok([400, 501].includes(reply.status), refused);
        assert.ok((await reply.text()).includes(refused.split('=')[0] ?? ''), refused);
      }
    });

    it('only types of CSDL are declared, and the served model has no fault', async () => {
      const types = new Set((await feed.text('$metadata')).match(/(?<=<Property [^>]*Type=")[^"]*/g));
      for (const type of types) {
        assert.match(type, /^(Collection\()?Edm\.[A-Z]\w+\)?$/);
      }
      assert.deepEqual(checkModel(feed.catalogue.model), []);
    });

    it('a client that knows no annotation, no custom header and no preference reads everything', async () => {
      const plain = await feed.json('TracebuzzCases', accept('application/json;odata.metadata=none'));
      assert.deepEqual(Object.keys(plain), ['value']);
      assert.deepEqual(plain['value'], await feed.all('TracebuzzCases'));
    });

    it('every write is refused with 405 and Allow, and changes nothing', async () => {
      const before = await feed.text('TracebuzzCases/$count');
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'MERGE']) {
        for (const path of ['TracebuzzCases', 'TracebuzzCases(50123)', 'TracebuzzCases(50123)/ExternalId']) {
          const body =
            method === 'DELETE' ? {} : { body: '{"CaseId":1}', headers: { 'Content-Type': 'application/json' } };
          const reply = await fetch(`${feed.root}${path}`, { method, ...body });
          assert.ok([400, 405].includes(reply.status), `${method} ${path}: ${reply.status}`);
          if (method !== 'MERGE') {
            assert.match(reply.headers.get('allow') ?? '', /^GET, HEAD/, `${method} ${path}`);
          }
        }
      }
      assert.equal(await feed.text('TracebuzzCases/$count'), before);
    });

    it('$expand gives every entity the related entities, none of others', async () => {
      const results = await feed.all('TracebuzzResults');
      const cases = await feed.rows('TracebuzzCases?$expand=Results&$select=CaseId');
      for (const { CaseId, Results } of cases) {
        assert.deepEqual(
          Results,
          results.filter((row) => row['CaseId'] === CaseId),
        );
      }
      assert.ok(cases.some(({ Results }) => (Results as unknown[]).length > 1));
    });

    it('$metadata is CSDL XML 4.0', async () => {
      const reply = await feed.get(
        '$metadata',
        accept('application/json;odata.metadata=minimal;q=1.0,application/xml;q=0.7'),
      );
      assert.match(reply.headers.get('content-type') ?? '', /^application\/xml/);
      assert.match(await reply.text(), /<edmx:Edmx [^>]*Version="4\.0"/);
    });

    it('the odata. prefix of preferences and format parameters may stand or not', async () => {
      for (const preference of ['odata.maxpagesize=3', 'maxpagesize=3']) {
        const reply = await feed.get('TracebuzzCases', { Prefer: preference });
        assert.equal(((await reply.json()) as { value: unknown[] }).value.length, 3);
        assert.match(reply.headers.get('preference-applied') ?? '', /maxpagesize=3/);
      }
      const full = await feed.text('TracebuzzCases?$top=1', accept('application/json;odata.metadata=full'));
      assert.equal(await feed.text('TracebuzzCases?$top=1', accept('application/json;metadata=full')), full);
    });

    it('durations and other literals with a type prefix are taken', async () => {
      const rows = await feed.all('TracebuzzActivities');
      const later = rows.filter((row) => {
        const at = row['OccurredAt'];
        return typeof at === 'string' && Date.parse(at) - 3_600_000 >= Date.parse('2026-11-02T00:00:00Z');
      });
      assert.ok(later.length > 0 && later.length < rows.length);
      for (const literal of ["duration'PT1H'", "'PT1H'"]) {
        assert.deepEqual(
          column(
            await feed.rows(`TracebuzzActivities?$filter=OccurredAt sub ${literal} ge 2026-11-02T00:00:00Z`),
            'ActivityId',
          ),
          column(later, 'ActivityId'),
        );
      }
      const colour = "Gateway.Colour'Red'";
      const unknown = { status: 400, code: 'TypeMismatch', naming: "no enumeration type 'Gateway.Colour'" };
      for (const query of [`?$filter=ExternalId eq ${colour}`, `?$filter=ExternalId in (${colour})`, `(${colour})`]) {
        await feed.refused(`TracebuzzCases${query}`, unknown);
      }
      const has = { status: 400, code: 'TypeMismatch', naming: '`has`' };
      await feed.refused(`TracebuzzCases?$filter=ExternalId has ${colour}`, has);
    });
  });

  describe('4.01', () => {
    it('system query options are taken without $ and in any case, operators and functions in any case', async () => {
      const strict = await feed.json(
        "TracebuzzUsers?$filter=contains(Name,'de') or not (UserId le 60)&$orderby=UserId desc&$select=UserId",
      );
      const loose = await feed.json(
        "TracebuzzUsers?FILTER=CONTAINS(Name,'de') OR NOT (UserId LE 60)&orderBy=UserId DESC&sElEcT=UserId",
      );
      assert.deepEqual(loose, strict);
      assert.ok((strict['value'] as unknown[]).length > 5);
    });

    it('identifiers are returned as $metadata writes them, and are not found in another case', async () => {
      const names = [...(feed.catalogue.model.entityTypes.get('TracebuzzCase')?.properties.keys() ?? [])];
      const [row] = (await feed.json('TracebuzzCases?$top=1'))['value'] as readonly Row[];
      assert.deepEqual(Object.keys(row ?? {}), names);
      await feed.refused('tracebuzzcases', { status: 404, code: 'ResourceNotFound', naming: 'TracebuzzCases' });
      await feed.refused('TracebuzzCases?$select=caseid', { status: 400, code: 'UnknownProperty', naming: 'CaseId' });
    });

    it('$schemaversion is no obstacle where $metadata has no Core.SchemaVersion', async () => {
      assert.ok(!(await feed.text('$metadata')).includes('SchemaVersion'));
      assert.equal(
        ((await feed.json('TracebuzzCases?$schemaversion=*&$top=1')) as Row)['@odata.context'],
        `${feed.root}$metadata#TracebuzzCases`,
      );
    });

    it('text is cast to a primitive type where one is wanted', async () => {
      const expected = column(
        (await feed.all('TracebuzzCases')).filter((row) => Number(row['CaseId']) > 50160),
        'CaseId',
      );
      for (const literal of ["'50160'", "cast('50160',Edm.Int64)", '50160']) {
        assert.deepEqual(column(await feed.rows(`TracebuzzCases?$filter=CaseId gt ${literal}`), 'CaseId'), expected);
      }
      const at = '2026-11-02T12:00:00Z';
      const late = (await feed.all('TracebuzzCases')).filter((row) => String(row['ClosedAt'] ?? '') > at);
      assert.equal((await feed.rows(`TracebuzzCases?$filter=ClosedAt gt '${at}'`)).length, late.length);
    });

    it('parameter aliases stand for keys, also of text with a slash', async () => {
      const [note] = await feed.all('TracebuzzNotes');
      const key = String(note?.['NoteKey']);
      assert.deepEqual((await feed.json(`TracebuzzNotes(@k)?@k=${quoted(key)}`))['NoteKey'], key);
      assert.equal((await feed.json('TracebuzzCases(CaseId=@k)?@k=50123'))['CaseId'], 50123);
      await feed.refused("TracebuzzNotes(@k)?@k='a/b'", { status: 404, code: 'EntityNotFound' });
    });

    it('an alias without a value is null', async () => {
      const open = (await feed.all('TracebuzzCases')).filter((row) => row['ClosedAt'] === null);
      assert.deepEqual(await feed.rows('TracebuzzCases?$filter=ClosedAt eq @none'), open);
    });

    it('eq null and ne null on a navigation to one tell whether it leads anywhere', async () => {
      const persons = new Set(column(await feed.all('TracebuzzPersons'), 'PersonId'));
      const cases = await feed.all('TracebuzzCases');
      const without = cases.filter((row) => !persons.has(row['PersonId']));
      assert.ok(without.length > 0 && without.length < cases.length);
      assert.deepEqual(await feed.rows('TracebuzzCases?$filter=Person eq null'), without);
      assert.deepEqual(
        await feed.rows('TracebuzzCases?$filter=Person ne null'),
        cases.filter((row) => !without.includes(row)),
      );
    });

    it('in: a list, a list of one, an alias, a JSON array, null as a member', async () => {
      const results = await feed.all('TracebuzzResults');
      const within = (...values: unknown[]) =>
        column(
          results.filter((row) => values.includes(row['Status'])),
          'ResultId',
        );
      const ask = async (filter: string) => column(await feed.rows(`TracebuzzResults?$filter=${filter}`), 'ResultId');
      assert.deepEqual(await ask('Status in (1,2)'), within(1, 2));
      assert.deepEqual(await ask('Status in (5)'), within(5));
      assert.deepEqual(await ask('Status in @l&@l=(1,2)'), within(1, 2));
      assert.deepEqual(await ask('Status in @l&@l=(5)'), within(5));
      assert.deepEqual(await ask('Status in @l&@l=[1,2]'), within(1, 2));
      assert.deepEqual(await ask('Status in (1,null)'), within(1, null));
      assert.ok(within(5).length > 0 && within(null).length > 0);
    });

    it('divby divides with a fraction where div does not', async () => {
      const ids = column(await feed.all('TracebuzzCases'), 'CaseId').map(Number);
      const ask = async (filter: string) => column(await feed.rows(`TracebuzzCases?$filter=${filter}`), 'CaseId');
      assert.deepEqual(
        await ask('CaseId divby 2 eq 25062.5'),
        ids.filter((id) => id / 2 === 25062.5),
      );
      assert.deepEqual(
        await ask('CaseId div 2 eq 25062'),
        ids.filter((id) => Math.trunc(id / 2) === 25062),
      );
    });

    it('a negative index of substring counts from the end', async () => {
      const users = await feed.all('TracebuzzUsers');
      const expected = users.filter((row) => typeof row['Email'] === 'string' && row['Email'].slice(-4) === '.com');
      assert.ok(expected.length > 0);
      assert.deepEqual(await feed.rows("TracebuzzUsers?$filter=substring(Email,-4) eq '.com'"), expected);
    });

    it('key-as-segment: the same entity as with parentheses, of one key property', async () => {
      const { '@odata.context': _, ...plain } = await feed.json('TracebuzzCases(50123)');
      const { '@odata.context': __, ...segment } = await feed.json('TracebuzzCases/50123');
      assert.deepEqual(segment, plain);
      assert.equal(await feed.text('TracebuzzCases/50123/CaseId/$value'), '50123');
      const [note] = await feed.all('TracebuzzNotes');
      assert.equal((await feed.json(`TracebuzzNotes/${note?.['NoteKey']}`))['NoteKey'], note?.['NoteKey']);
    });

    it('structural properties are compared with eq and ne, null included', async () => {
      const rows = await feed.all('TracebuzzResults');
      const ids = (keep: (row: Row) => boolean) => column(rows.filter(keep), 'ResultId');
      const ask = async (filter: string) => column(await feed.rows(`TracebuzzResults?$filter=${filter}`), 'ResultId');
      assert.deepEqual(
        await ask('ParentResultId eq SubParentResultId'),
        ids((row) => row['ParentResultId'] === row['SubParentResultId']),
      );
      assert.deepEqual(
        await ask('IsOwn ne IsFavorite'),
        ids((row) => row['IsOwn'] !== row['IsFavorite']),
      );
    });

    it('CSDL JSON says the same as CSDL XML', async () => {
      const said = JSON.parse(await feed.text('$metadata?$format=json')) as Row;
      const { $Version, ...json } = JSON.parse(JSON.stringify(said, withoutDefaults)) as Row;
      const { $Version: _, ...translated } = xml2json(await feed.text('$metadata')) as Row;
      assert.equal($Version, '4.01');
      assert.deepEqual(json, translated);
    });

    it('no two names differ by case alone', () => {
      const { entityTypes, entitySets } = feed.catalogue.model;
      const folded = (names: Iterable<string>) => [...names].map((name) => name.toLowerCase());
      const lists = [folded(entitySets.keys()), folded(entityTypes.keys())];
      for (const type of entityTypes.values()) {
        lists.push(folded([...type.properties.keys(), ...type.navigationProperties.keys()]));
      }
      for (const list of lists) {
        assert.equal(new Set(list).size, list.length);
      }
    });

    it('Core.ODataVersions names the versions whose URLs are taken', async () => {
      const annotation = '<Annotation Term="Org.OData.Core.V1.ODataVersions" String="4.0 4.01"/>';
      assert.ok((await feed.text('$metadata')).includes(annotation));
    });
  });
});

interface RawHead {
  readonly raw: readonly string[];
  readonly status: number;
  readonly etag: string;
}

function rawHeaders(url: string, headers: Record<string, string>): Promise<RawHead> {
  return new Promise((resolve, reject) => {
    const request = http.get(url.replaceAll(' ', '%20'), { headers }, (reply) => {
      reply.resume();
      reply.on('end', () =>
        resolve({ raw: reply.rawHeaders, status: reply.statusCode ?? 0, etag: reply.headers.etag ?? '' }),
      );
    });
    request.on('error', reject);
  });
}
