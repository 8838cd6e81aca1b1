import assert from 'node:assert/strict';
import { cpSync, mkdtempSync } from 'node:fs';
import path from 'node:path';
import { ingestPaths } from '../../../src/ingest/delivery/paths/ingest-paths.ts';
import type { SampleOrder } from '../../../src/samples/sample-order.ts';
import { writeSamples } from '../../../src/samples/write-samples.ts';
import { contentOf, ledgerOf, packSome } from './backfill.ts';
import { type Feed, useFeed } from './feed.ts';

/** States of what became of all files of a folder. */
export async function statesOf(feed: Feed, folder: string, parallel: number): Promise<readonly string[]> {
  const states: string[] = [];
  for await (const { state } of ingestPaths(feed, [folder], { parallel, resumes: true })) {
    states.push(state);
  }
  return states;
}

/** A folder of exports, loaded file by file, and the same partly packed and side by side, come to the same. */
export function parallelEqualsSerial(order: Partial<SampleOrder>): void {
  const serial = useFeed();
  const beside = useFeed();

  it('files side by side, partly in containers, come to what they come to one by one', async function () {
    this.timeout(20 * 60_000);
    const folder = mkdtempSync(path.join(serial().folder, 'samples-'));
    await writeSamples(serial().catalogue, folder, order);
    const packed = mkdtempSync(path.join(beside().folder, 'samples-'));
    cpSync(folder, packed, { recursive: true, preserveTimestamps: true });
    const count = packSome(packed);

    const first = await statesOf(serial(), folder, 1);
    assert.deepEqual(new Set(first), new Set(['loaded']));
    const second = await statesOf(beside(), packed, 4);
    assert.equal(second.length, count);
    assert.deepEqual(new Set(second), new Set(['loaded', 'unpacked']));

    assert.deepEqual(await ledgerOf(beside()), await ledgerOf(serial()));
    const [expected, found] = [await contentOf(serial()), await contentOf(beside())];
    for (const [set, rows] of expected) {
      assert.deepEqual(found.get(set), rows, set);
    }
    assert.ok([...expected.values()].flat().length > 100);

    const before = (await beside().rows('SELECT FROM gateway.load')).length;
    assert.deepEqual(new Set(await statesOf(beside(), packed, 4)), new Set(['known']));
    assert.equal((await beside().rows('SELECT FROM gateway.load')).length, before, 'what is known leaves no row');
  });
}
