import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { ascending, by, byDescending, column, type LoadedFeed, loadedFeed, type Row } from './loaded-feed.ts';

/** OData 4.0 Intermediate (13.1.2) and 4.01 Intermediate (13.2.2). */
describe('Conformance: Intermediate', () => {
  let feed: LoadedFeed;
  let results: readonly Row[];
  let cases: readonly Row[];
  let users: readonly Row[];
  before(async () => {
    feed = await loadedFeed();
    results = await feed.all('TracebuzzResults');
    cases = await feed.all('TracebuzzCases');
    users = await feed.all('TracebuzzUsers');
  });

  /** Asserts that a filter keeps the rows that the predicate keeps, and that it keeps some and drops some. */
  async function keeps(set: string, filter: string, predicate: (row: Row) => boolean): Promise<void> {
    const rows = await feed.all(set);
    const expected = rows.filter(predicate);
    assert.deepEqual(await feed.rows(`${set}?$filter=${encodeURIComponent(filter)}`), expected, filter);
    assert.ok(
      expected.length > 0 && expected.length < rows.length,
      `${filter} keeps ${expected.length} of ${rows.length}`,
    );
  }

  const number = (row: Row, name: string): number => (row[name] === null ? Number.NaN : Number(row[name]));
  const text = (row: Row, name: string): string | null => row[name] as string | null;

  it('$select serves what is named, of every row, and nothing else', async () => {
    const found = await feed.rows('TracebuzzCases?$select=ExternalId,CaseId');
    assert.deepEqual(
      found,
      cases.map(({ CaseId, ExternalId }) => ({ CaseId, ExternalId })),
    );
    assert.deepEqual(await feed.rows('TracebuzzCases?$select=*'), cases);
    const { '@odata.context': context } = await feed.json('TracebuzzCases?$select=ExternalId,CaseId');
    assert.equal(context, `${feed.root}$metadata#TracebuzzCases(CaseId,ExternalId)`);
  });

  it('casts to a type: the only one that a set has changes nothing, another is refused', async () => {
    assert.deepEqual(await feed.rows('TracebuzzCases/Gateway.TracebuzzCase'), cases);
    assert.deepEqual(await feed.rows('TracebuzzCases?$filter=isof(Gateway.TracebuzzCase)'), cases);
    assert.equal((await feed.json('TracebuzzCases(50123)/Gateway.TracebuzzCase'))['CaseId'], 50123);
    assert.equal((await feed.get('TracebuzzCases/Gateway.TracebuzzUser')).status, 404);
  });

  it('$top gives that many rows from the start, 0 none, more than there are all', async () => {
    assert.deepEqual(await feed.rows('TracebuzzCases?$top=5'), cases.slice(0, 5));
    assert.deepEqual(await feed.rows('TracebuzzCases?$top=0'), []);
    assert.deepEqual(await feed.rows('TracebuzzCases?$top=100000'), cases);
    await feed.refused('TracebuzzCases?$top=-1', { status: 400, code: 'UriSyntax', naming: '$top' });
  });

  it('/$value gives the bare value of a property, 204 of null', async () => {
    const [row] = cases.filter((one) => one['ExternalId'] !== null);
    assert.equal(await feed.text(`TracebuzzCases(${row?.['CaseId']})/ExternalId/$value`), row?.['ExternalId']);
    const said = ['ClosedAt', 'ReasonAt', 'ExternalId', 'ServiceLevelExpiresAt', 'ServiceWindowEndsAt'];
    const [empty] = cases.flatMap((one) =>
      said.filter((name) => one[name] === null).map((name) => `TracebuzzCases(${one['CaseId']})/${name}/$value`),
    );
    assert.ok(empty !== undefined, 'a case that leaves something open');
    assert.equal((await feed.get(empty)).status, 204);
    await feed.refused('TracebuzzCases(50123)/$value', { status: 501, code: 'NotImplemented', naming: 'media' });
  });

  it('eq and ne treat null as a value', async () => {
    await keeps('TracebuzzResults', 'Status eq 2', (row) => row['Status'] === 2);
    await keeps('TracebuzzResults', 'Status ne 2', (row) => row['Status'] !== 2);
    await keeps('TracebuzzResults', 'Sentiment eq null', (row) => row['Sentiment'] === null);
    await keeps('TracebuzzResults', 'Sentiment ne null', (row) => row['Sentiment'] !== null);
    const name = users.find((row) => row['Name'] !== null)?.['Name'];
    await keeps('TracebuzzUsers', `Name eq '${name}'`, (row) => row['Name'] === name);
    await keeps('TracebuzzResults', 'IsFavorite eq false', (row) => row['IsFavorite'] === false);
  });

  it('parameter aliases in $filter, also of one another and used twice', async () => {
    const expected = results.filter((row) => number(row, 'Status') > 1 && number(row, 'Likes') > 1);
    assert.deepEqual(await feed.rows('TracebuzzResults?$filter=Status gt @a and Likes gt @b&@a=@b&@b=1'), expected);
    assert.ok(expected.length > 0);
    await feed.refused('TracebuzzResults?$filter=Status gt @a&@a=@a', {
      status: 400,
      code: 'InvalidOption',
      naming: '@a',
    });
  });

  it('comparison: gt, ge, lt, le are false with null, so that not of them is true', async () => {
    await keeps('TracebuzzResults', 'Likes gt 10', (row) => number(row, 'Likes') > 10);
    await keeps('TracebuzzResults', 'Likes ge 10', (row) => number(row, 'Likes') >= 10);
    await keeps('TracebuzzResults', 'Likes lt 10', (row) => number(row, 'Likes') < 10);
    await keeps('TracebuzzResults', 'Likes le 10', (row) => number(row, 'Likes') <= 10);
    await keeps('TracebuzzResults', 'not (Likes gt 10)', (row) => !(number(row, 'Likes') > 10));
    await keeps(
      'TracebuzzResults',
      'PublishedAt ge 2026-11-02T00:00:00Z',
      (row) => (text(row, 'PublishedAt') ?? '') >= '2026-11-02',
    );
    await keeps('TracebuzzSlaStatistics', 'Interval lt 12:00:00', (row) => String(row['Interval']) < '12:00:00');
    await keeps('TracebuzzSlaStatistics', 'RowDate eq 2026-11-02', (row) => row['RowDate'] === '2026-11-02');
    await keeps(
      'SparkcentralConversations',
      "LastStatusChangeAgentName gt 'M'",
      (row) => ascending(row['LastStatusChangeAgentName'], 'M') > 0,
    );
  });

  it('logic: and before or, not before and, parentheses before all', async () => {
    const is = (row: Row, status: number) => row['Status'] === status;
    await keeps(
      'TracebuzzResults',
      'Status eq 1 or Status eq 2 and Likes gt 10',
      (row) => is(row, 1) || (is(row, 2) && number(row, 'Likes') > 10),
    );
    await keeps(
      'TracebuzzResults',
      '(Status eq 1 or Status eq 2) and Likes gt 10',
      (row) => (is(row, 1) || is(row, 2)) && number(row, 'Likes') > 10,
    );
    await keeps(
      'TracebuzzResults',
      'not (Status eq 1) and Likes gt 10',
      (row) => !is(row, 1) && number(row, 'Likes') > 10,
    );
    await keeps(
      'TracebuzzResults',
      'IsOwn and not IsFavorite',
      (row) => row['IsOwn'] === true && row['IsFavorite'] === false,
    );
  });

  it('arithmetic: add, sub, mul, div, mod and minus, from left to right', async () => {
    await keeps(
      'TracebuzzResults',
      'Likes sub TbRank sub 1 gt 0',
      (row) => number(row, 'Likes') - number(row, 'TbRank') - 1 > 0,
    );
    await keeps(
      'TracebuzzResults',
      'Likes add TbRank mul 2 gt 100',
      (row) => number(row, 'Likes') + number(row, 'TbRank') * 2 > 100,
    );
    await keeps('TracebuzzResults', 'TbRank div 10 eq 5', (row) => Math.trunc(number(row, 'TbRank') / 10) === 5);
    await keeps('TracebuzzResults', 'TbRank mod 7 eq 3', (row) => number(row, 'TbRank') % 7 === 3);
    await keeps('TracebuzzResults', '-TbRank lt -50', (row) => -number(row, 'TbRank') < -50);
  });

  it('text functions', async () => {
    const set = 'SparkcentralMessages';
    const name = (row: Row | undefined) => String(row?.['AgentName'] ?? '');
    const [first] = (await feed.all(set)).filter((row) => name(row) !== '');
    const agent = name(first);
    await keeps(set, `contains(AgentName,'${agent.slice(2, 6)}')`, (row) => name(row).includes(agent.slice(2, 6)));
    await keeps(set, `startswith(AgentName,'${agent[0]}')`, (row) => name(row).startsWith(agent[0] ?? ''));
    await keeps(set, `endswith(AgentName,'${agent.slice(-3)}')`, (row) => name(row).endsWith(agent.slice(-3)));
    await keeps(set, `length(AgentName) gt ${agent.length - 1}`, (row) => name(row).length > agent.length - 1);
    await keeps(set, "indexof(AgentName,'e') eq 1", (row) => name(row).indexOf('e') === 1);
    await keeps(set, `substring(AgentName,1) eq '${agent.slice(1)}'`, (row) => name(row).slice(1) === agent.slice(1));
    await keeps(
      set,
      `substring(AgentName,0,3) eq '${agent.slice(0, 3)}'`,
      (row) => name(row).slice(0, 3) === agent.slice(0, 3),
    );
    const [lower, upper] = [agent.toLowerCase(), agent.toUpperCase()];
    await keeps(set, `tolower(AgentName) eq '${lower}'`, (row) => name(row).toLowerCase() === lower);
    await keeps(set, `toupper(AgentName) eq '${upper}'`, (row) => name(row).toUpperCase() === upper);
    const both = (row: Row | undefined) => `${row?.['AgentName']}/${row?.['TeamName']}`;
    await keeps(set, `concat(concat(AgentName,'/'),TeamName) eq '${both(first)}'`, (row) => both(row) === both(first));
    await keeps(set, `trim(concat('  ',AgentName)) eq '${agent}'`, (row) => name(row) === agent);
  });

  it('date and time functions, in UTC', async () => {
    const at = (row: Row) => new Date(text(row, 'PublishedAt') ?? Number.NaN);
    const set = 'TracebuzzResults';
    await keeps(set, 'hour(PublishedAt) ge 12', (row) => at(row).getUTCHours() >= 12);
    await keeps(set, 'minute(PublishedAt) lt 30', (row) => at(row).getUTCMinutes() < 30);
    await keeps(set, 'second(PublishedAt) eq 57', (row) => at(row).getUTCSeconds() === 57);
    await keeps(set, 'day(PublishedAt) eq 2', (row) => at(row).getUTCDate() === 2);
    await keeps(
      set,
      'year(PublishedAt) eq 2026 and month(PublishedAt) eq 11',
      (row) => text(row, 'PublishedAt')?.startsWith('2026-11') ?? false,
    );
    await keeps(
      set,
      'date(PublishedAt) eq 2026-11-02',
      (row) => text(row, 'PublishedAt')?.startsWith('2026-11-02') ?? false,
    );
    await keeps(
      set,
      'time(PublishedAt) lt 06:00:00',
      (row) => (text(row, 'PublishedAt') ?? '9999-12-31T24').slice(11) < '06:00:00',
    );
    await keeps(set, 'fractionalseconds(PublishedAt) eq 0', (row) => at(row).getUTCMilliseconds() === 0);
    await keeps(set, 'totaloffsetminutes(PublishedAt) eq 0', (row) => row['PublishedAt'] !== null);
    await keeps(set, 'PublishedAt lt now() and PublishedAt gt mindatetime()', (row) => at(row).getTime() < Date.now());
    await keeps(
      set,
      'totalseconds(CheckedAt sub PublishedAt) gt 300',
      (row) => (Date.parse(text(row, 'CheckedAt') ?? '') - at(row).getTime()) / 1000 > 300,
    );
  });

  it('number functions: round goes away from zero at .5', async () => {
    const rank = (row: Row) => number(row, 'TbRank');
    const away = (value: number) => Math.sign(value) * Math.round(Math.abs(value));
    const odd = results.map(rank).find((value) => value % 2 === 1) ?? Number.NaN;
    const half = away(odd / 2);
    assert.ok(half > 0, 'a rank whose half is between two numbers');
    await keeps('TracebuzzResults', `round(TbRank divby 2) eq ${half}`, (row) => away(rank(row) / 2) === half);
    await keeps('TracebuzzResults', `round(-TbRank divby 2) eq -${half}`, (row) => away(-rank(row) / 2) === -half);
    const low = Math.floor(odd / 10);
    await keeps('TracebuzzResults', `floor(TbRank divby 10) eq ${low}`, (row) => Math.floor(rank(row) / 10) === low);
    const high = Math.ceil(odd / 10);
    await keeps('TracebuzzResults', `ceiling(TbRank divby 10) eq ${high}`, (row) => Math.ceil(rank(row) / 10) === high);
  });

  it('cast and case', async () => {
    const rank = results.map((row) => row['TbRank']).find((value) => value !== null);
    await keeps('TracebuzzResults', `cast(TbRank,Edm.String) eq '${rank}'`, (row) => row['TbRank'] === rank);
    await keeps('TracebuzzResults', 'case(Likes gt 15:true,true:false)', (row) => number(row, 'Likes') > 15);
  });

  it('filters by a path over navigation to one', async () => {
    const names = new Map(users.map((row) => [row['UserId'], row['Name']]));
    const name = cases.map((row) => names.get(row['HandlerUserId'])).find((one) => typeof one === 'string');
    await keeps('TracebuzzCases', `HandlerUser/Name eq '${name}'`, (row) => names.get(row['HandlerUserId']) === name);
    await keeps(
      'TracebuzzCases',
      'HandlerUser/Name eq null',
      (row) => (names.get(row['HandlerUserId']) ?? null) === null,
    );
  });

  it('$filter inside $expand keeps the parents and filters the related', async () => {
    const found = await feed.rows(
      'TracebuzzCases?$select=CaseId&$expand=Results($select=ResultId;$filter=Status eq 2)',
    );
    const expected = cases.map(({ CaseId }) => ({
      CaseId,
      Results: results
        .filter((row) => row['CaseId'] === CaseId && row['Status'] === 2)
        .map(({ ResultId }) => ({ ResultId })),
    }));
    assert.deepEqual(found, expected);
    assert.ok(expected.some((row) => row.Results.length > 0) && expected.some((row) => row.Results.length === 0));
  });

  it('$search finds words, with AND, OR, NOT and phrases; a set without searched text refuses it', async () => {
    const notes = await feed.all('TracebuzzNotes');
    const words = (row: Row) => new Set((text(row, 'Note') ?? '').toLowerCase().match(/[\p{L}\p{N}]+/gu));
    const has = (row: Row, word: string) => words(row).has(word);
    const ask = (search: string) => feed.rows(`TracebuzzNotes?$search=${encodeURIComponent(search)}`);
    const [some, other] = ['family', 'thanks'];
    assert.deepEqual(
      await ask(some),
      notes.filter((row) => has(row, some)),
    );
    assert.deepEqual(
      await ask(`${some} OR ${other}`),
      notes.filter((row) => has(row, some) || has(row, other)),
    );
    assert.deepEqual(
      await ask(`NOT ${some}`),
      notes.filter((row) => !has(row, some)),
    );
    assert.deepEqual(
      await ask(`${other} AND solved`),
      notes.filter((row) => has(row, other) && has(row, 'solved')),
    );
    assert.deepEqual(
      await ask(`${other} solved`),
      notes.filter((row) => has(row, other) && has(row, 'solved')),
    );
    assert.deepEqual(
      await ask('"family plan"'),
      notes.filter((row) => /family plan/i.test(text(row, 'Note') ?? '')),
    );
    assert.deepEqual(await ask('"plan family"'), []);
    assert.ok((await ask(some)).length > 0 && (await ask(`${other} solved`)).length > 0);
    await feed.refused('TracebuzzCases?$search=family', { status: 501, code: 'NotImplemented', naming: '$search' });
  });

  it('$skip leaves out the first rows', async () => {
    assert.deepEqual(await feed.rows('TracebuzzCases?$skip=40'), cases.slice(40));
    assert.deepEqual(await feed.rows('TracebuzzCases?$skip=40&$top=3'), cases.slice(40, 43));
    assert.deepEqual(await feed.rows('TracebuzzCases?$skip=100000'), []);
  });

  it('$count=true counts what $filter leaves, whatever $top, $skip and pages are', async () => {
    const expected = results.filter((row) => row['Status'] === 2).length;
    for (const more of ['', '&$top=2', '&$skip=3', '&$top=0']) {
      const body = await feed.json(`TracebuzzResults?$filter=Status eq 2&$count=true${more}`, {
        Prefer: 'maxpagesize=3',
      });
      assert.equal(body['@odata.count'], expected, more);
    }
    assert.ok(!('@odata.count' in (await feed.json('TracebuzzResults?$count=false'))));
  });

  it('$expand of several navigation properties, to one and to many', async () => {
    const persons = new Map((await feed.all('TracebuzzPersons')).map((row) => [row['PersonId'], row]));
    const found = await feed.rows('TracebuzzCases?$select=CaseId&$expand=Person,Results($select=ResultId)');
    assert.deepEqual(
      found,
      cases.map(({ CaseId, PersonId }) => ({
        CaseId,
        Person: persons.get(PersonId) ?? null,
        Results: results.filter((row) => row['CaseId'] === CaseId).map(({ ResultId }) => ({ ResultId })),
      })),
    );
  });

  it('any and all over navigation to many, nested, and any() of a collection that is not empty', async () => {
    const activities = await feed.all('TracebuzzActivities');
    const of = (row: Row) => results.filter((one) => one['CaseId'] === row['CaseId']);
    const activitiesOf = (row: Row) => activities.filter((one) => one['ResultId'] === row['ResultId']);
    await keeps('TracebuzzCases', 'Results/any(r:r/Status eq 2)', (row) => of(row).some((one) => one['Status'] === 2));
    await keeps('TracebuzzCases', 'Results/all(r:r/Status eq 2)', (row) => of(row).every((one) => one['Status'] === 2));
    await keeps('TracebuzzCases', 'Results/any()', (row) => of(row).length > 0);
    await keeps('TracebuzzCases', 'not Results/any()', (row) => of(row).length === 0);
    await keeps(
      'TracebuzzCases',
      'Results/any(r:r/Activities/any(a:a/ActivityId gt 700010 and a/ResultId eq r/ResultId and r/Status eq 2))',
      (row) =>
        of(row).some(
          (one) => one['Status'] === 2 && activitiesOf(one).some((activity) => Number(activity['ActivityId']) > 700010),
        ),
    );
    const late = (row: Row): boolean => Number(row['ActivityId']) > 700020;
    await keeps('TracebuzzCases', 'Results/all(r:r/Activities/any(a:a/ActivityId gt 700020))', (row) =>
      of(row).every((one) => activitiesOf(one).some(late)),
    );
  });

  it('the /$count segment counts a set, filtered and searched', async () => {
    assert.equal(await feed.text('TracebuzzResults/$count'), String(results.length));
    assert.equal(
      await feed.text('TracebuzzResults/$count?$filter=Status eq 2'),
      String(results.filter((row) => row['Status'] === 2).length),
    );
    const notes = (await feed.all('TracebuzzNotes')).filter((row) => /family/i.test(text(row, 'Note') ?? ''));
    assert.equal(await feed.text('TracebuzzNotes/$count?$search=family'), String(notes.length));
    const reply = await feed.get('TracebuzzResults/$count');
    assert.match(reply.headers.get('content-type') ?? '', /^text\/plain/);
  });

  it('$orderby: ascending unless desc, several keys, paths and expressions, ties in load order', async () => {
    const ids = (rows: readonly Row[]) => column(rows, 'ResultId');
    const ask = async (order: string) => ids(await feed.rows(`TracebuzzResults?$orderby=${order}`));
    assert.deepEqual(await ask('Status'), ids(results.toSorted(by('Status'))));
    assert.deepEqual(await ask('Status asc'), ids(results.toSorted(by('Status'))));
    assert.deepEqual(await ask('Status desc'), ids(results.toSorted(byDescending('Status'))));
    assert.deepEqual(
      await ask('Type,TbRank desc'),
      ids(results.toSorted((a, b) => by('Type')(a, b) || byDescending('TbRank')(a, b))),
    );
    assert.deepEqual(await ask('TbRank mod 7'), ids(results.toSorted((a, b) => ascending(modulo(a), modulo(b)))));
    const closed = new Map(cases.map((row) => [row['CaseId'], row['ClosedAt']]));
    const closedAt = (row: Row) => closed.get(row['CaseId']) ?? null;
    assert.deepEqual(
      await ask('Case/ClosedAt desc'),
      ids(results.toSorted((a, b) => ascending(closedAt(b), closedAt(a)))),
    );
  });

  const modulo = (row: Row): number | null => (row['TbRank'] === null ? null : number(row, 'TbRank') % 7);

  it('$select nested in $select, as options and as a path', async () => {
    const persons = new Set(column(await feed.all('TracebuzzPersons'), 'PersonId'));
    const expected = cases.map(({ CaseId, PersonId }) => ({
      CaseId,
      Person: persons.has(PersonId) ? { PersonId } : null,
    }));
    assert.deepEqual(
      await feed.rows('TracebuzzCases?$select=CaseId,Person($select=PersonId)&$expand=Person'),
      expected,
    );
    assert.deepEqual(await feed.rows('TracebuzzCases?$select=CaseId,Person/PersonId&$expand=Person'), expected);
  });

  it('$compute: served, selected, filtered and ordered by', async () => {
    const found = await feed.rows(
      'TracebuzzResults?$compute=Likes mul 2 as Twice,Likes mul 2 add 1 as More&$select=ResultId,More&$filter=Twice gt 20&$orderby=More desc',
    );
    const expected = results
      .filter((row) => number(row, 'Likes') * 2 > 20)
      .map((row) => ({ ResultId: row['ResultId'], More: number(row, 'Likes') * 2 + 1 }))
      .toSorted((a, b) => b.More - a.More);
    assert.deepEqual(found, expected);
    assert.ok(expected.length > 3);
  });

  it('the /$filter segment, twice, before $count and before a key', async () => {
    const expected = results.filter((row) => row['Status'] === 2 && number(row, 'Likes') > 10);
    assert.deepEqual(await feed.rows('TracebuzzResults/$filter(Status eq 2)/$filter(Likes gt 10)'), expected);
    assert.equal(
      await feed.text('TracebuzzResults/$filter(Status eq 2)/$filter(Likes gt 10)/$count'),
      String(expected.length),
    );
    assert.deepEqual(await feed.rows('TracebuzzResults/$filter(@f)?@f=Status eq 2 and Likes gt 10'), expected);
    const id = expected[0]?.['ResultId'];
    for (const key of [`(${id})`, `/${id}`]) {
      assert.equal((await feed.json(`TracebuzzResults/$filter(Status eq 2)${key}`))['ResultId'], id);
    }
    assert.equal((await feed.get(`TracebuzzResults/$filter(Status eq 1)(${id})`)).status, 404);
  });
});
