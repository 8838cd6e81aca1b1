import assert from 'node:assert/strict';
import { type JoinedGateway, joinedGateway } from '../../http/cross-source/joined-gateway.ts';
import { documentedFeed, sorted } from './round-trip.ts';
import { documentedFolder, helpDesk } from './second-feed.ts';
import { lackOfService, type RunningFeeds, startFeeds } from './service.ts';

type Row = Readonly<Record<string, unknown>>;

describe('a second feed, added by the folder that docs/proxied-feeds.md shows', () => {
  let feeds: RunningFeeds | null = null;
  let gateway: JoinedGateway;
  const { samples, file } = documentedFeed(20, { navigations: true });
  const agents = samples.get('BuzzeasyAgents') ?? [];
  const desk = helpDesk(agents.map((row) => String(row['ID'])));
  const tickets = desk.sets[0]?.rows ?? [];
  const comments = desk.sets[1]?.rows ?? [];

  before(async function () {
    const lack = lackOfService();
    if (lack !== null) {
      console.log(`      skipped: Microsoft.AspNetCore.OData is ${lack}`);
      this.skip();
    }
    feeds = await startFeeds([file, desk]);
    const [first = '', second = ''] = feeds.roots;
    gateway = await joinedGateway({
      environment: { BUZZEASY_URL: first, ACME_DESK_URL: second },
      metadata: documentedFolder(),
    });
  });
  after(async () => {
    await gateway?.close();
    await feeds?.close();
  });

  async function all(query: string): Promise<readonly Row[]> {
    const found: Row[] = [];
    for (let next: unknown = query; next !== undefined; ) {
      const reply = await gateway.get(String(next));
      const page = (await reply.json()) as { readonly value: readonly Row[] } & Row;
      assert.equal(reply.status, 200, `${String(next)}: ${JSON.stringify(page)}`);
      found.push(...page.value);
      next = page['@odata.nextLink'];
    }
    return found;
  }

  it('has every row of every set, that of no document too', async () => {
    assert.deepEqual(sorted(await all('DeskTickets'), ['Number']), sorted(tickets, ['Number']));
    assert.deepEqual(sorted(await all('DeskComments'), ['Text']), sorted(comments, ['Text']));
    const { model } = gateway.proxied.catalogue();
    assert.equal(model.entitySets.get('DeskTickets')?.entityType.properties.get('Subject')?.description, 'First line.');
  });

  it('follows its own navigations', async () => {
    const rows = await all('DeskTickets?$select=Number&$expand=Comments($select=Text;$orderby=Line)');
    for (const row of rows) {
      const own = comments.filter((one) => one['TicketNumber'] === row['Number']).map(({ Text }) => ({ Text }));
      assert.deepEqual(row['Comments'], own);
    }
  });

  it('is joined to another feed, in both directions and in filters', async () => {
    const nameOf = (id: unknown): unknown => agents.find((one) => one['ID'] === id)?.['name'] ?? null;
    const handled = await all(
      'DeskTickets?$select=Number&$orderby=Number&$expand=Handler($select=name)&$filter=Handler/name ne null',
    );
    assert.deepEqual(
      handled,
      tickets
        .filter((row) => nameOf(row['HandledBy']) !== null)
        .map((row) => ({ Number: row['Number'], Handler: { name: nameOf(row['HandledBy']) } })),
    );
    assert.ok(handled.length > 20);
    for (const agent of await all('BuzzeasyAgents?$select=ID&$expand=Tickets($select=Number;$orderby=Number)')) {
      const own = tickets.filter((row) => row['HandledBy'] === agent['ID']).map((row) => ({ Number: row['Number'] }));
      assert.deepEqual(agent['Tickets'], own);
    }
  });
});
