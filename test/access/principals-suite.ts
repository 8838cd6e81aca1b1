import assert from 'node:assert/strict';
import yauzl from 'yauzl';
import { runInProcess } from '../e2e/remedies/command-line.ts';
import { exportFile } from '../ingest/support/feed.ts';
import { until } from '../support/until.ts';
import { wholeCatalogue } from '../unified/whole-catalogue.ts';
import { archivedSet, startWholeProgram, type WholeProgram } from './whole-program.ts';

const rules = `claims:
  ann: { queues: [q1], labels: [7] }
roles:
  gold:
    who: [{ names: [ann] }]
    read:
      - { sets: [TracebuzzCases], rows: QueueId in $user/queues }
      - { sets: [TracebuzzResults], rows: Case/QueueId in $user/queues, hide: [Content, ProfileImageUrl], mask: [direct] }
      - { sets: [TracebuzzResultLabels], rows: LabelId in $user/labels }
      - { sets: [Conversations], rows: "TracebuzzCaseId eq 1", columns: [TracebuzzCaseId, Channel] }
      - { sets: [${archivedSet}], rows: "isOutbound eq true", mask: [direct] }
      - { sets: [BuzzeasyAgents], mask: [employee] }
      - { sets: [BuzzeasyChannelTypes], rows: "Code eq 'Phone'" }
  planners:
    who: [{ names: [bi] }]
    read: [{ sets: [TracebuzzCases, LoadRejects, Loads] }]
  leads:
    who: [{ roles: [Feed.Lead] }]
    read: [{ sets: [TracebuzzCases], rows: QueueId in $user/teams, columns: [QueueId] }, { sets: [Messages], rows: "TracebuzzResultId eq 2" }]
  operators:
    who: [{ groups: [g-ops] }]
    operations: [read, replay, administer]
    read: [{ all: true }]
  loaders: { who: [{ names: [crm] }], operations: [ingest] }
`;

const results = exportFile(
  'tracebuzz/results',
  [
    {
      ResultId: 1,
      CaseId: 1,
      Source: 13,
      Title: 'Jan Jansen',
      Content: 'hello',
      Labels: '[7][8]',
      FoundAt: 1_770_000_000,
    },
    { ResultId: 2, CaseId: 2, Source: 13, Title: 'Piet', Content: 'secret', Labels: '[7]', FoundAt: 1_770_000_100 },
    { ResultId: 3, CaseId: 1, Source: 13, Title: null, Content: null, Labels: '[9]', FoundAt: 1_770_000_200 },
  ],
  wholeCatalogue,
);
const cases = exportFile(
  'tracebuzz/cases',
  [
    { CaseId: 1, QueueId: 'q1' },
    { CaseId: 2, QueueId: 'q2' },
    { CaseId: 3, QueueId: null },
  ],
  wholeCatalogue,
);
/** One row has a key that is no number. */
const damaged = `${exportFile(
  'tracebuzz/users',
  [
    { UserId: 5, Name: 'Ann' },
    { UserId: 6, Name: 'Bob' },
  ],
  wholeCatalogue,
)}`.replace(/\n5([;,])/, '\nfive$1');

type Who = 'ann' | 'bi' | 'mia' | 'nobody' | 'otto' | 'stranger';
type Row = Readonly<Record<string, unknown>>;

/** The texts of all files in an archive. */
function unzipped(bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    yauzl.fromBuffer(bytes, { lazyEntries: true }, (error, zip) => {
      if (zip === undefined) {
        return reject(error);
      }
      const texts: string[] = [];
      zip.on('entry', (entry: yauzl.Entry) => {
        zip.openReadStream(entry, (fault, stream) => {
          if (stream === undefined) {
            return reject(fault);
          }
          const pieces: Buffer[] = [];
          stream.on('data', (piece: Buffer) => pieces.push(piece));
          stream.on('end', () => {
            const text = Buffer.concat(pieces);
            texts.push(entry.fileName, text.toString('utf8'), text.toString('utf16le'));
            zip.readEntry();
          });
        });
      });
      zip.on('end', () => resolve(texts.join('\n')));
      zip.readEntry();
    });
  });
}

/** `settings`: of the program, besides its own; `more`: further tests of it. */
export const principals = (
  title: string,
  settings: Readonly<Record<string, string>> = {},
  more: (program: () => WholeProgram) => void = () => {},
): Mocha.Suite =>
  describe(title, () => {
    let program: WholeProgram;
    const headers = new Map<Who, Readonly<Record<string, string>>>();
    before(async () => {
      program = await startWholeProgram(rules, settings);
      const bearer = async (claims: Record<string, unknown>) => ({
        Authorization: `Bearer ${await program.entra.v2(claims)}`,
      });
      headers.set('ann', { Authorization: `Basic ${Buffer.from('ann:a long password').toString('base64')}` });
      headers.set('bi', { 'api-key': 'k-bi' });
      headers.set('stranger', { 'api-key': 'k-stranger' });
      headers.set('mia', await bearer({ oid: 'mia', roles: ['Feed.Lead'], teams: ['q2'] }));
      headers.set('nobody', await bearer({ oid: 'no', roles: ['Feed.Lead'], teams: 'q2' }));
      headers.set('otto', await bearer({ oid: 'otto', groups: ['g-ops'] }));
      for (const [name, text] of [
        ['cases', cases],
        ['results', results],
        ['users', damaged],
      ] as const) {
        const reply = await put('k-crm', name, text);
        assert.ok(reply.status < 300, `${name}: ${reply.status} ${await reply.text()}`);
      }
    });
    after(() => program?.close());

    const put = (key: string, name: string, body: string): Promise<Response> =>
      fetch(`${program.address}/ingest/tracebuzz/${name}.csv`, {
        method: 'PUT',
        headers: { Authorization: `Bearer ${key}` },
        body,
      });
    const as = (who: Who, more = {}): Readonly<Record<string, string>> => ({ ...headers.get(who), ...more });
    const get = (who: Who, url: string, more = {}): Promise<Response> => program.get(`/odata/${url}`, as(who, more));
    async function rows(who: Who, url: string): Promise<readonly Row[]> {
      const reply = await get(who, url);
      const text = await reply.text();
      assert.equal(reply.status, 200, `${who} ${url}: ${text}`);
      return (JSON.parse(text) as { readonly value: readonly Row[] }).value;
    }
    const column = async (who: Who, url: string, name: string): Promise<readonly unknown[]> =>
      (await rows(who, url)).map((row) => row[name]);
    const text = async (who: Who, url: string): Promise<string> => (await get(who, url)).text();

    it('each is told of his sets alone', async () => {
      const names = (who: Who): Promise<readonly unknown[]> => column(who, '', 'name');
      assert.deepEqual((await names('ann')).toSorted(), [
        ...[
          archivedSet === 'BuzzeasyCalls' ? 'BuzzeasyAgents' : '',
          archivedSet,
          'BuzzeasyChannelTypes',
          'Conversations',
        ],
        ...['TracebuzzCases', 'TracebuzzResultLabels', 'TracebuzzResults'],
      ]);
      assert.deepEqual((await names('bi')).toSorted(), ['LoadRejects', 'Loads', 'TracebuzzCases']);
      assert.deepEqual(await names('stranger'), []);
      assert.ok((await names('otto')).length > 100);
      const metadata = await text('mia', '$metadata');
      const declared = [...metadata.matchAll(/<EntitySet Name="(\w+)"/g)].map(([, name]) => name);
      assert.deepEqual(declared, ['Messages', 'TracebuzzCases']);
      assert.doesNotMatch(metadata, /HandlerUser|TracebuzzResults\b|ClosedAt/);
    });

    it('stored sets, a bridge and a set over all sources: rows, counts, CSV, what is joined to them', async () => {
      assert.deepEqual(await column('ann', 'TracebuzzCases', 'CaseId'), [1]);
      assert.deepEqual(await column('mia', 'TracebuzzCases', 'CaseId'), [2]);
      assert.deepEqual(await rows('nobody', 'TracebuzzCases'), [], 'a claim of another type');
      assert.equal((await rows('bi', 'TracebuzzCases')).length, 3);
      assert.deepEqual(await rows('ann', 'TracebuzzResultLabels?$select=ResultId,LabelId&$orderby=ResultId'), [
        { ResultId: 1, LabelId: 7 },
        { ResultId: 2, LabelId: 7 },
      ]);
      assert.deepEqual(await column('ann', 'Conversations', 'TracebuzzCaseId'), [1]);
      assert.deepEqual(await column('mia', 'Messages', 'TracebuzzResultId'), [2]);
      assert.equal(await text('ann', 'TracebuzzResults/$count'), '2');
      assert.equal(await text('ann', 'TracebuzzCases?$select=CaseId&$format=csv'), 'CaseId\r\n1\r\n');
      assert.deepEqual(
        await rows(
          'ann',
          'TracebuzzCases?$select=CaseId&$expand=Results($select=ResultId,Title;$orderby=ResultId;$expand=ResultLabels($select=LabelId))',
        ),
        [
          {
            CaseId: 1,
            Results: [
              { ResultId: 1, Title: 'J** J*****', ResultLabels: [{ LabelId: 7 }] },
              { ResultId: 3, Title: null, ResultLabels: [] },
            ],
          },
        ],
      );
      for (const url of ['TracebuzzResults?$filter=Content eq null', 'TracebuzzResults?$search=secret', 'Messages']) {
        const reply = await get('ann', url);
        assert.ok(reply.status === 400 || reply.status === 404 || url.includes('search'), `${url} ${reply.status}`);
        assert.doesNotMatch(await reply.text(), /secret|hello/, url);
      }
      assert.equal((await get('ann', 'TracebuzzResults(2)')).status, 404);
      assert.equal((await get('ann', 'TracebuzzCases(2)/Results')).status, 404);
    });

    it('an archived set, a live one, and what one source leads to in another', async () => {
      const [archived] = await rows('otto', `ArchivedSets?$filter=EntitySet eq '${archivedSet}'&$select=EntitySet`);
      assert.deepEqual(archived, { EntitySet: archivedSet });
      const all = await rows('otto', `${archivedSet}?$expand=ChannelTypeLookup($select=Code)&$orderby=id`);
      const mine = await rows('ann', `${archivedSet}?$expand=ChannelTypeLookup($select=Code)&$orderby=id`);
      const outbound = all.filter((row) => row['isOutbound'] === true);
      assert.ok(outbound.length > 0 && outbound.length < all.length);
      assert.deepEqual(
        mine.map(({ id }) => id),
        outbound.map(({ id }) => id),
      );
      for (const [at, row] of mine.entries()) {
        const clear = outbound[at] ?? {};
        const lookup = clear['ChannelTypeLookup'] as Row | null;
        assert.deepEqual(row['ChannelTypeLookup'], lookup?.['Code'] === 'Phone' ? lookup : null);
        assert.notEqual(row['customerLastName'] ?? '', clear['customerLastName'] ?? 'x');
      }
      assert.equal(await text('ann', `${archivedSet}/$count`), String(outbound.length));
      const csv = await text('ann', `${archivedSet}?$select=id&$orderby=id&$format=csv`);
      assert.equal(csv.trim().split('\r\n').length, outbound.length + 1);
      const agents = await rows('otto', 'BuzzeasyAgents?$orderby=ID');
      const masked = await rows('ann', 'BuzzeasyAgents?$orderby=ID');
      assert.deepEqual(
        masked.map(({ ID }) => ID),
        agents.map(({ ID }) => ID),
      );
      assert.ok(masked.some(({ name }) => /\*/.test(String(name))));
      assert.ok(masked.every(({ name }, at) => name === null || name !== agents[at]?.['name']));
      assert.equal((await get('bi', archivedSet)).status, 404);
      assert.equal((await get('ann', `${archivedSet}?$expand=Channel`)).status, 400);
    });

    it('hints name nothing that is hidden', async () => {
      for (const [who, url] of [
        ['mia', 'TracebuzzCase'],
        ['mia', 'TracebuzzResult'],
        ['mia', 'TracebuzzCases?$select=ClosdAt'],
        ['mia', 'TracebuzzCases?$expand=Result'],
        ['ann', 'TracebuzzUser'],
        ['ann', 'TracebuzzResults?$filter=Contents eq null'],
        ['stranger', 'TracebuzzCase'],
        ['stranger', '$crossjoin(TracebuzzCases,Message)'],
      ] as const) {
        const reply = await text(who, url);
        assert.match(reply, /"error"/, url);
        const [, hint = ''] = /Perhaps you meant '(\w+)'/.exec(reply) ?? [];
        assert.doesNotMatch(hint, /TracebuzzResults$|ClosedAt|Users|Content$/, reply);
        assert.ok(who !== 'stranger' || hint === '', reply);
      }
      assert.match(
        await text('ann', 'TracebuzzCase'),
        /Perhaps you meant 'TracebuzzCases'/,
        'else this proves nothing',
      );
    });

    it('files to connect with are about his sets', async () => {
      const file = async (who: Who, name: string): Promise<Response> => program.get(`/connect/${name}`, as(who));
      for (const name of ['excel.xlsx', 'powerbi.zip']) {
        const reply = await file('ann', name);
        assert.equal(reply.status, 200);
        const bytes = await unzipped(Buffer.from(await reply.arrayBuffer()));
        assert.match(bytes, /Conversations/, name);
        assert.doesNotMatch(bytes, /TracebuzzUsers|LoadRejects|AgentDays|ProfileImageUrl|SparkcentralMessages/, name);
        assert.equal((await file('ann', `${name}?sets=TracebuzzUsers`)).status, 400);
      }
      for (const extension of ['odc', 'pq', 'py', 'R', 'sh']) {
        const reply = await file('mia', `TracebuzzCases.${extension}`);
        assert.equal(reply.status, 200, extension);
        assert.doesNotMatch(await reply.text(), /ClosedAt|HandlerUser|TracebuzzResults/, extension);
        assert.equal((await file('mia', `TracebuzzResults.${extension}`)).status, 404, extension);
        assert.equal((await file('stranger', `TracebuzzCases.${extension}`)).status, 404, extension);
      }
    });

    it('rejected text and the audit are for administrators', async () => {
      const [reject] = await rows('otto', "LoadRejects?$filter=Load/FileName eq 'users.csv'");
      assert.match(String(reject?.['RawText']), /five/);
      const [seen] = await rows('bi', "LoadRejects?$filter=Load/FileName eq 'users.csv'");
      assert.ok(seen !== undefined && !('RawText' in seen));
      assert.equal((await get('bi', 'LoadRejects?$select=RawText')).status, 400);
      for (const who of ['ann', 'bi', 'mia', 'stranger'] as const) {
        assert.equal((await get(who, 'AuditEvents')).status, 404, who);
      }
      await until('the audit was written', async () => {
        const found = await column('otto', 'AuditEvents?$apply=groupby((Name))', 'Name');
        return ['ann', 'bi', 'stranger'].every((name) => found.includes(name));
      });
    });

    it('the console shows his sets, and replays for operators alone', async () => {
      const data = async (who: Who, name: string): Promise<string> =>
        (await program.get(`/console/data/${name}`, as(who))).text();
      assert.match(await data('ann', 'start'), /"mayOperate":false/);
      assert.match(await data('otto', 'start'), /"mayOperate":true/);
      assert.doesNotMatch(await data('mia', 'start'), /TracebuzzResults|Buzzeasy/);
      assert.match(await data('mia', 'feeds'), /"feeds":\[\]/);
      assert.match(await data('ann', 'feeds'), /buzzeasy/);
      assert.doesNotMatch(await data('mia', 'model'), /Conversations|TracebuzzCases/);
      assert.match(await data('stranger', 'start'), /"groups":\[\]/);
      const order = (who: Who, what: string): Promise<Response> =>
        fetch(`${program.address}/console/data/rejects/${what}`, {
          method: 'POST',
          headers: as(who, { Origin: 'http://feed.example', 'Content-Type': 'application/json' }),
          body: JSON.stringify({ source: 'tracebuzz', export: 'users', reason: 'a test' }),
        });
      for (const what of ['replay', 'dismiss']) {
        for (const who of ['ann', 'bi', 'mia', 'stranger'] as const) {
          const reply = await order(who, what);
          assert.deepEqual([reply.status, /OperatorsOnly/.test(await reply.text())], [403, true], `${who} ${what}`);
        }
        assert.equal((await order('otto', what)).status, 200, what);
      }
    });

    it('files are taken of keys whose role may send them', async () => {
      for (const key of ['k-other', 'k-bi', 'wrong']) {
        const reply = await put(key, 'more', cases);
        assert.equal(reply.status, 401, key);
      }
      assert.equal((await rows('otto', "Loads?$filter=contains(FileName,'more')")).length, 0);
    });

    it('explain tells how somebody sees a request', async () => {
      const explained = (...words: readonly string[]) => runInProcess(['explain', ...words], program.environment);
      const claims = JSON.stringify({ tid: 't', roles: ['Feed.Lead'], teams: ['q2'] });
      const mia = await explained('TracebuzzCases', '--as', 'mia', '--claims', claims, '--values');
      assert.match(mia.output, /roles: leads[\s\S]*\['q2':String\]/);
      const overage = await explained(
        'TracebuzzCases',
        '--as',
        'x',
        '--claims',
        JSON.stringify({ tid: 't', hasgroups: true }),
      );
      assert.notEqual(overage.code, 0);
      assert.match(overage.output, /AccessDenied: .*groups/);
    });

    more(() => program);
  });
