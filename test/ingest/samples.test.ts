import { deepEqual, equal, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { defaultOrder, writeSamples } from '../../src/samples/write-samples.ts';
import { catalogue, useFeed } from './support/feed.ts';
import { ingestAll } from './support/ingest-all.ts';

describe('Sample exports of every kind', () => {
  const feed = useFeed();

  it('load without a rejected row, and derive what the loaded rows name', async () => {
    const folder = join(feed().folder, 'samples');
    await writeSamples(catalogue, folder, { ...defaultOrder, rows: 12, days: 2 });
    const results = await ingestAll(feed(), [folder]);
    ok(results.length >= 37, String(results.length));
    for (const result of results) {
      equal(result.state, 'loaded', 'error' in result ? result.error.message : '');
      if (result.state === 'loaded') {
        deepEqual([result.counts.rejected, result.drift], [0, []], result.path);
      }
    }
    const [wrong] = await feed().rows(
      `SELECT count(*)::int AS n FROM (SELECT unnest(string_to_array(btrim(replace("Labels", '][', ','), '[]'), ',')) AS l, "ResultId" FROM feed."TracebuzzResults" WHERE "Labels" <> '') x FULL JOIN feed."TracebuzzResultLabels" b ON b."ResultId" = x."ResultId" AND b."LabelId" = x.l::bigint WHERE b."ResultId" IS NULL OR x."ResultId" IS NULL`,
    );
    equal(wrong?.['n'], 0);
    const [orphans] = await feed().rows(
      `SELECT count(*)::int AS n FROM feed."SparkcentralMessages" m WHERE "ConversationId" IS NOT NULL AND NOT EXISTS (SELECT FROM feed."SparkcentralConversations" c WHERE c."ConversationId" = m."ConversationId")`,
    );
    equal(orphans?.['n'], 0);
  });
});
