import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';
import { readMetadata } from '../../src/catalogue/read-metadata.ts';
import { useFeed } from '../ingest/support/feed.ts';
import { metadataFolder } from '../support/gateway.ts';
import { assertMadeAnew, loadRows, type Row } from './support.ts';

function movedTo(order: string) {
  const files = readMetadata(metadataFolder).map((one) =>
    one.file === 'unified/source.yaml' ? { ...one, text: `${one.text}moved: ${order}\n` } : one,
  );
  return buildCatalogue(files, {});
}

describe('a customer who moved between two sources of one product', () => {
  const { catalogue } = movedTo('[[hootsuite-inbox, sparkcentral]]');
  assert.ok(catalogue !== null);
  const feed = useFeed(catalogue);
  const load = (name: string, rows: readonly Row[], minute: number, period?: string): Promise<void> =>
    loadRows(feed(), name, rows, minute, period);
  const keys = async (set: string, key: string): Promise<readonly unknown[]> =>
    (await feed().rows(`SELECT "${key}" AS key FROM feed."${set}" ORDER BY 1`)).map((row) => row['key']);
  const conversation = {
    ...{ ConversationId: 'a', Medium: 'SMS', CreatedAt: '2026-01-01 10:00:00', CurrentStatus: 'Resolved' },
    ...{ ResolvedAt: '2026-01-01 11:00:00', LastStatusChangeTeamId: '71', LastUpdatedAt: '2026-01-01 11:00:00' },
  };
  const message = { MessageId: 'm', ConversationId: 'a', CreatedAt: '2026-01-01 10:00:00', Direction: 'inbound' };

  it('the rule names the source whose row counts, also where the other one has the newer', async () => {
    await load('hootsuite-inbox/resolved-conversations', [conversation], 1);
    await load('sparkcentral/resolved-conversations', [conversation, { ...conversation, ConversationId: 'b' }], 2);
    assert.deepEqual(await keys('Conversations', 'ConversationKey'), ['hootsuite-inbox:a', 'sparkcentral:b']);
    await load('sparkcentral/messages', [message], 3);
    await load('hootsuite-inbox/messages', [message], 2);
    await load('sparkcentral/messages', [{ ...message, Content: 'newer' }], 4);
    assert.deepEqual(await keys('Messages', 'MessageKey'), ['hootsuite-inbox:m']);
    assert.deepEqual(await keys('Messages', 'ConversationKey'), ['hootsuite-inbox:a']);
    await assertMadeAnew(feed());
  });

  it('holds for days that both tell, and totals count nothing twice', async () => {
    const day = '2026-01-01T00:00:00Z..2026-01-02T00:00:00Z';
    const metric = { UserId: '9', HandleTimeSeconds: 100 };
    await load('hootsuite-inbox/agent-metrics', [metric], 5, day);
    await load('sparkcentral/agent-metrics', [{ ...metric, HandleTimeSeconds: 70 }], 6, day);
    assert.deepEqual(await keys('AgentDays', 'AgentDayKey'), ['hootsuite-inbox:9:2026-01-01']);
    assert.deepEqual((await keys('AgentDays', 'HandleSeconds')).map(Number), [100]);
    const offered = await feed().rows(
      'SELECT sum("Offered")::int AS n, sum("Opened")::int AS opened FROM feed."TeamDays"',
    );
    assert.deepEqual(offered, [{ n: 2, opened: 2 }]);
    await assertMadeAnew(feed());
  });

  it('is checked: it names sources that there are', () => {
    assert.match(movedTo('[[hootsuite-inbox, parkcentral]]').faults.map(faultText).join(), /no source "parkcentral"/);
  });
});
