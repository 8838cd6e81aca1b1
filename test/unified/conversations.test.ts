import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { useFeed } from '../ingest/support/feed.ts';
import { assertMadeAnew, loadRows, type Row } from './support.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

const instant = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')}+00`;

describe('traps of unified conversations and messages', () => {
  const feed = useFeed(wholeCatalogue);
  const load = (name: string, rows: readonly Row[], minute = 0): Promise<void> => loadRows(feed(), name, rows, minute);
  const row = async (set: string, key: string) => {
    const property = set === 'Messages' ? 'MessageKey' : 'ConversationKey';
    return (await feed().rows(`SELECT * FROM feed."${set}" WHERE "${property}" = '${key}'`))[0] ?? null;
  };
  const conversation = (key: string) => row('Conversations', key);

  it('a case starts when its first result was found, not when that was published', async () => {
    await load('tracebuzz/cases', [{ CaseId: 1, ClosedAt: 1750070700, QueueId: '12' }]);
    assert.equal((await conversation('tracebuzz:1'))?.['StartedAt'], null, 'nothing is known of its messages yet');
    const common = { CaseId: 1, Source: 13 };
    await load(
      'tracebuzz/results',
      [
        { ...common, ResultId: 1, PublishedAt: 1750000000, FoundAt: 1750060100, IsOwn: 0 },
        { ...common, ResultId: 2, PublishedAt: 1750060110, FoundAt: 1750060110, IsOwn: 1, IsOwnedByExternalService: 1 },
        { ...common, ResultId: 3, PublishedAt: 1750060160, FoundAt: 1750060160, IsOwn: 1 },
      ],
      1,
    );
    const found = await conversation('tracebuzz:1');
    assert.equal(found?.['StartedAt'], instant(1750060100));
    assert.equal((await row('Messages', 'tracebuzz:1'))?.['PublishedAt'], instant(1750000000));
  });

  it('the first response is that of a person: a bot does not answer', async () => {
    const found = await conversation('tracebuzz:1');
    assert.equal(Number(found?.['FirstResponseSeconds']), 60);
    assert.equal(found?.['FirstResponseAt'], instant(1750060160));
    assert.equal((await row('Messages', 'tracebuzz:2'))?.['IsBot'], true);
  });

  it('a case that the company began is outbound, and answered after the customer spoke', async () => {
    await load('tracebuzz/cases', [{ CaseId: 2 }], 2);
    await load(
      'tracebuzz/results',
      [
        { ResultId: 4, CaseId: 2, Source: 6, Type: 4, FoundAt: 1750060000, IsOwn: 1 },
        { ResultId: 5, CaseId: 2, Source: 6, Type: 4, FoundAt: 1750060100, IsOwn: 0 },
        { ResultId: 6, CaseId: 2, Source: 6, Type: 4, FoundAt: 1750060400, IsOwn: 1 },
      ],
      3,
    );
    const found = await conversation('tracebuzz:2');
    assert.deepEqual(
      [found?.['Direction'], Number(found?.['FirstResponseSeconds']), found?.['Channel'], found?.['Visibility']],
      ['Outbound', 300, 'Facebook', 'Private'],
    );
    assert.deepEqual(
      [found?.['MessagesIn'], found?.['MessagesOut'], found?.['Status'], found?.['EndedAt']],
      [1, 2, 'Open', null],
    );
  });

  it('a case without a known change of queue is not said to have stayed: the file of changes may be missing', async () => {
    assert.equal((await conversation('tracebuzz:1'))?.['Transferred'], null);
  });

  it('a queue of an agent alone is no transfer, another team is', async () => {
    const change = { UserId: 57, ActivityType: 38, OccurredAt: 1750061000 };
    await load(
      'tracebuzz/case-activities',
      [
        { ...change, CaseActivityId: 1, CaseId: 1, OldValue: '12', NewValue: 'u_57' },
        { ...change, CaseActivityId: 2, CaseId: 2, OldValue: '12', NewValue: 'u_57' },
        { ...change, CaseActivityId: 3, CaseId: 2, OldValue: 'u_57', NewValue: '13' },
      ],
      4,
    );
    assert.equal((await conversation('tracebuzz:1'))?.['Transferred'], false);
    assert.equal((await conversation('tracebuzz:2'))?.['Transferred'], true);
  });

  it('the reason has the name of its label, and follows when the label gets another', async () => {
    await load('tracebuzz/labels', [{ LabelId: 7, Name: 'Delivery' }], 5);
    await load('tracebuzz/cases', [{ CaseId: 1, ReasonLabelId: 7, ClosedAt: 1750070700, QueueId: '12' }], 6);
    assert.equal((await conversation('tracebuzz:1'))?.['Reason'], 'Delivery');
    await load('tracebuzz/labels', [{ LabelId: 7, Name: 'Parcel lost' }], 7);
    assert.equal((await conversation('tracebuzz:1'))?.['Reason'], 'Parcel lost');
  });

  const open = { ConversationId: 'a', Medium: 'WHATSAPP', CreatedAt: '2026-01-01 10:00:00', CurrentStatus: 'Pending' };
  const resolved = {
    ...open,
    CurrentStatus: 'Resolved',
    ResolvedAt: '2026-01-01 11:00:00',
    CsatScore: 4,
    ResolveReason: 'Answered',
  };

  it('what the open and the resolved export hold is one row, that of the newer file, whatever came first', async () => {
    await load('sparkcentral/resolved-conversations', [resolved], 20);
    await load('sparkcentral/open-conversations', [open, { ...open, ConversationId: 'b' }], 10);
    const found = await conversation('sparkcentral:a');
    assert.deepEqual([found?.['Status'], found?.['CsatScore'], found?.['Channel']], ['Closed', 4, 'WhatsApp']);
    await load('sparkcentral/open-conversations', [open], 30);
    const again = await conversation('sparkcentral:a');
    assert.deepEqual([again?.['Status'], again?.['CsatScore'], again?.['EndedAt']], ['Open', null, null]);
    const { length } = await feed().rows(`SELECT FROM feed."Conversations" WHERE "SparkcentralConversationId" = 'a'`);
    assert.equal(length, 1);
  });

  it('the newer file counts even where it says of its row what is stored', async () => {
    await load('sparkcentral/resolved-conversations', [resolved, { ...resolved, ConversationId: 'd' }], 40);
    assert.equal((await conversation('sparkcentral:a'))?.['Status'], 'Closed');
    await load('sparkcentral/open-conversations', [open, { ...open, ConversationId: 'c' }], 50);
    assert.equal((await conversation('sparkcentral:a'))?.['Status'], 'Open');
  });

  it('an open conversation that vanishes from its snapshot leaves, or is what the resolved export says', async () => {
    assert.equal(await conversation('sparkcentral:b'), null, 'the snapshot of minute 30 did not hold it');
    await load('sparkcentral/open-conversations', [{ ...open, ConversationId: 'c' }], 60);
    assert.equal((await conversation('sparkcentral:a'))?.['Status'], 'Closed');
  });

  it('an id that two sources of one product have is one row, that of the newer', async () => {
    await load('hootsuite-inbox/resolved-conversations', [{ ...resolved, Sentiment: 'positive' }], 45);
    assert.equal(await conversation('sparkcentral:a'), null);
    assert.equal((await conversation('hootsuite-inbox:a'))?.['Sentiment'], 'positive');
    await load('sparkcentral/resolved-conversations', [{ ...resolved, CsatScore: 5 }], 70);
    assert.equal(await conversation('hootsuite-inbox:a'), null);
    assert.equal((await conversation('sparkcentral:a'))?.['CsatScore'], 5);
  });

  it('a conversation has the direction of its first message, and a deleted message has no text', async () => {
    const message = { ConversationId: 'a', Medium: 'WHATSAPP', LastUpdatedAt: '2026-01-01 10:05:00', Content: 'x' };
    await load(
      'sparkcentral/messages',
      [
        {
          ...message,
          MessageId: 'm2',
          CreatedAt: '2026-01-01 10:02:00',
          Direction: 'outbound',
          SystemUserType: 'AUTOMATION',
        },
        {
          ...message,
          MessageId: 'm1',
          CreatedAt: '2026-01-01 10:00:00',
          Direction: 'inbound',
          DeletedAt: '2026-01-02 00:00:00',
        },
      ],
      80,
    );
    assert.equal((await conversation('sparkcentral:a'))?.['Direction'], 'Inbound');
    const [first, second] = [await row('Messages', 'sparkcentral:m1'), await row('Messages', 'sparkcentral:m2')];
    assert.deepEqual(
      [first?.['Text'], first?.['IsBot'], second?.['Text'], second?.['IsBot']],
      [null, false, 'x', true],
    );
    assert.equal(second?.['ConversationKey'], 'sparkcentral:a');
  });

  it('a set whose table somebody emptied by hand is loaded again over what it had become', async () => {
    await feed().rows('TRUNCATE feed."TracebuzzResults"');
    await load('tracebuzz/results', [{ ResultId: 1, CaseId: 1, Source: 3, FoundAt: 1750060100, IsOwn: 0 }], 90);
    assert.equal((await row('Messages', 'tracebuzz:1'))?.['Channel'], 'Twitter');
    await feed().rows(`DELETE FROM feed."Messages" WHERE "Source" = 'tracebuzz' AND "SourceId" <> '1'`);
    await load(
      'tracebuzz/cases',
      [
        { CaseId: 1, ExternalId: 'x' },
        { CaseId: 2, ExternalId: 'x' },
      ],
      91,
    );
  });

  it('and all of it is as if it were made at once', () => assertMadeAnew(feed()));
});
