import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { derivedTables } from '../../src/ingest/derive/derived-sets.ts';
import { unifiedLookups, unifiedQuery } from '../../src/ingest/derive/unified-rows.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import { useFeed } from '../ingest/support/feed.ts';
import { loadRows } from './support.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

const message = { MessageId: 'm1', ConversationId: 'c1', ContactProfileId: 'p1', TeamId: 't1', Medium: 'SMS' };

describe('references of sets over all sources', () => {
  const feed = useFeed(wholeCatalogue);

  /** Sources whose contacts those of messages are looked up among, and whether the statement that makes messages has such a look. */
  async function looks(): Promise<readonly [boolean, boolean, boolean]> {
    const { database, catalogue } = feed();
    const messages = derivedTables(catalogue).find(({ table }) => table.set.name === 'Messages');
    assert.ok(messages !== undefined);
    const looked = await database.transaction((transaction) => unifiedLookups(transaction, catalogue, messages));
    const { set } = storedTable(catalogue, 'Contacts');
    const text = unifiedQuery(catalogue, { derived: messages, all: true, looked });
    return [looked(set, 'sparkcentral'), looked(set, 'hootsuite-inbox'), text.includes('JOIN "feed"."Contacts"')];
  }

  it('are looked up among the rows of another source of their product, where it has some', async () => {
    assert.deepEqual(await looks(), [false, false, false]);
    await loadRows(feed(), 'tracebuzz/cases', [{ CaseId: 1, CustomerId: 4 }]);
    await loadRows(feed(), 'hootsuite-inbox/messages', [message]);
    assert.deepEqual(await looks(), [false, true, true]);
    await loadRows(feed(), 'sparkcentral/messages', [{ ...message, MessageId: 'm2', ContactProfileId: 'p2' }], 1);
    assert.deepEqual(await looks(), [true, true, true]);
  });
});
