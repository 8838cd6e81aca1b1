import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { useFeed } from '../ingest/support/feed.ts';
import { assertMadeAnew, loadRows } from './support.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

describe('a large first file', () => {
  const feed = useFeed(wholeCatalogue);

  it('fills sets over all sources, whose tables get their indexes afterwards', async () => {
    const message = {
      Medium: 'SMS',
      CreatedAt: '2026-01-01 10:00:00',
      Direction: 'inbound',
      Content: 'x'.repeat(2000),
    };
    const rows = Array.from({ length: 600 }, (_, number) => ({
      ...message,
      MessageId: `m${number}`,
      ConversationId: `c${number % 90}`,
    }));
    await loadRows(feed(), 'sparkcentral/messages', rows);
    await loadRows(
      feed(),
      'sparkcentral/messages',
      rows.slice(0, 5).map((row) => ({ ...row, MessageId: `new ${row.MessageId}` })),
      1,
    );
    const [counted] = await feed().rows('SELECT count(*)::int AS n FROM feed."Messages"');
    assert.deepEqual(counted, { n: 605 });
    await assertMadeAnew(feed());
  });
});
