import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { useFeed } from '../ingest/support/feed.ts';
import { assertMadeAnew, loadRows, type Row } from './support.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

const message = {
  ...{ Medium: 'SMS', CreatedAt: '2026-01-01 10:00:00', Direction: 'inbound', Content: 'x'.repeat(2000) },
  ...{ AgentId: '9', AgentName: 'Sanne de Vries', TeamId: '71', TeamName: 'Webcare' },
};
/** More than the mebibyte from which on a first file fills tables without indexes. */
const large = (name: string): readonly Row[] =>
  Array.from({ length: 600 }, (_, number) => ({
    ...message,
    MessageId: `${name}${number}`,
    ConversationId: `c${number % 90}`,
  }));

describe('a large first file', () => {
  const feed = useFeed(wholeCatalogue);

  it('fills sets over all sources, whose tables get their indexes afterwards', async () => {
    const rows = large('a');
    await loadRows(feed(), 'sparkcentral/messages', rows);
    const [first] = await feed().rows(
      `SELECT count(*)::int AS n, count(DISTINCT "AgentKey")::int AS agents, bool_and(_version = v.version) AS published FROM feed."Messages", gateway.set_versions v WHERE v.entity_set = 'Messages'`,
    );
    assert.deepEqual(first, { n: 600, agents: 1, published: true });
    const [days] = await feed().rows('SELECT count(*)::int AS n FROM feed."Dates"');
    assert.deepEqual(days, { n: 365 });
    await loadRows(
      feed(),
      'sparkcentral/messages',
      rows.slice(0, 5).map((row) => ({ ...row, MessageId: `new ${row['MessageId']}` })),
      1,
    );
    const [counted] = await feed().rows('SELECT count(*)::int AS n FROM feed."Messages"');
    assert.deepEqual(counted, { n: 605 });
    await assertMadeAnew(feed());
  });

  it('that speaks of the same things as another source leaves what counts of both', async () => {
    await loadRows(feed(), 'hootsuite-inbox/messages', [{ ...message, MessageId: 'm1', Content: 'newer' }], 10);
    // Only so there are rows of the other one while their common table is empty.
    await feed().database.query('TRUNCATE feed."Messages", feed."SparkcentralMessages"');
    await loadRows(feed(), 'sparkcentral/messages', large('m'), 2);
    await assertMadeAnew(feed());
    const told = await feed().rows(
      `SELECT "MessageKey" AS key, "Text" AS text FROM feed."Messages" WHERE "SourceId" = 'm1'`,
    );
    assert.deepEqual(told, [{ key: 'hootsuite-inbox:m1', text: 'newer' }]);
  });

  it('with a key that comes again leaves what its last row says, once', async () => {
    await feed().database.query('TRUNCATE feed."Messages", feed."SparkcentralMessages", feed."HootsuiteInboxMessages"');
    const again = { ...message, MessageId: 'k1', Content: 'last' };
    await loadRows(feed(), 'sparkcentral/messages', [...large('k'), again], 3);
    const told = await feed().rows(
      `SELECT (SELECT count(*) FROM feed."Messages")::int AS n, "Text" AS text FROM feed."Messages" WHERE "SourceId" = 'k1'`,
    );
    assert.deepEqual(told, [{ n: 600, text: 'last' }]);
    await assertMadeAnew(feed());
  });
});
