import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import { TriedAggregations } from '../../src/upstream/aggregated/tried-aggregations.ts';
import { connectUpstream } from '../../src/upstream/connect.ts';
import { RefusedForms } from '../../src/upstream/trials/refused-forms.ts';
import { TrialFindings } from '../../src/upstream/trials/trial-findings.ts';
import type { Remembered } from '../../src/upstream/trials/trial-memory.ts';
import { WholeRows } from '../../src/upstream/trials/whole-rows.ts';
import { IdleClock } from '../support/idle-clock.ts';
import { OptionFeed } from './option-feed.ts';
import { tenantCatalogue, tenantSource } from './tenant.ts';
import { fails, feeds, json, page, read, theirModel } from './told-feed.ts';

const calls = [1, 2, 3, 4, 5].map((id) => ({ id, seconds: 10 * (6 - id) }));
const filtered = 'FarCalls?$select=id&$filter=seconds gt 20';
const asked = 'Calls?$select=id&$filter=seconds gt 20';

describe('what was found out of a feed', () => {
  const { connect, open, dataDir } = feeds();

  /** A feed, and how a gateway comes back to it after it was stopped. `metadata`: of the feed, which may be changed. */
  async function restartable(feed: Pick<OptionFeed, 'answer'>) {
    const told = { metadata: metadataXml(theirModel()) };
    const first = await connect(feed.answer, {}, '/service/', {
      metadata: told.metadata,
      connection: { readsOptions: false },
    });
    const source = tenantSource({ url: first.state().url });
    const time = new IdleClock();
    const again = async () => {
      const upstream = await connectUpstream({
        ...{ source, dataDir: dataDir(), time, readsOptions: false },
        catalogue: () => tenantCatalogue(source),
        adopt: () => [],
      });
      open.push(upstream);
      first.requests.length = 0;
      return Object.assign(upstream, { requests: first.requests });
    };
    return { first, again, time };
  }

  const file = (): string => {
    const folder = path.join(dataDir(), 'upstream');
    const names = readdirSync(folder).filter((name) => name.endsWith('.trials.json'));
    assert.equal(names.length > 0, true);
    const newest = names
      .map((name) => path.join(folder, name))
      .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    return newest[0] ?? assert.fail();
  };

  it('is known after a restart, for a day', async () => {
    const { first, again, time } = await restartable(new OptionFeed({}, calls));
    await page(first, filtered);
    assert.equal(first.requests.length, 3);
    await first.close();
    assert.equal(statSync(file()).mode & 0o777, 0o600);
    const second = await again();
    await page(second, filtered);
    assert.deepEqual(second.requests, [asked]);
    time.at += 25 * 3_600_000;
    await page(second, filtered);
    assert.equal(second.requests.length, 4);
  });

  it('is known of what it passes over, too', async () => {
    const { first, again } = await restartable(new OptionFeed({ ignores: ['$filter'] }, calls));
    await assert.rejects(read(first, filtered), fails('NotImplemented', /does not show/));
    await first.close();
    const second = await again();
    await assert.rejects(read(second, filtered), fails('NotImplemented', /does not show/));
    assert.deepEqual(second.requests, []);
  });

  it('is forgotten with another $metadata, and where the file is no such file', async () => {
    for (const [from, to] of [
      [/"metadata":"\w+"/, '"metadata":"00"'],
      [/^/, '{'],
      [/"verdict":"done"/g, '"verdict":"dunno"'],
    ] as const) {
      const { first, again } = await restartable(new OptionFeed({}, calls));
      await page(first, filtered);
      await first.close();
      const kept = file();
      writeFileSync(kept, readFileSync(kept, 'utf8').replace(from, to));
      const second = await again();
      await page(second, filtered);
      assert.equal(second.requests.length, 3, String(from));
    }
  });

  it('forms that were refused are not asked for after a restart, and no value is kept of them', async () => {
    const { first, again } = await restartable(new OptionFeed({ refuses: /subject eq/ }, calls));
    for (const name of ['Zebedee', 'Florence']) {
      await assert.rejects(
        read(first, `FarCalls?$select=id&$filter=subject eq '${name}'`),
        fails('UpstreamRefused', /400/),
      );
    }
    await first.close();
    assert.doesNotMatch(readFileSync(file(), 'utf8'), /Zebedee|Florence/);
    assert.match(readFileSync(file(), 'utf8'), /subject/);
    const second = await again();
    await assert.rejects(
      read(second, "FarCalls?$select=id&$filter=subject eq 'Dougal'"),
      fails('UpstreamRefused', /within the last hour/),
    );
    assert.deepEqual(second.requests, []);
  });

  it('sets whose rows come whole are asked for without naming columns after a restart, those that do not with them, for a day', async () => {
    const agents = Array.from({ length: 1000 }, (_, at) => ({ id: `a${at}`, name: `Name ${at}` }));
    for (const isWhole of [true, false]) {
      const { first, again, time } = await restartable({
        answer: (_request, response, url) => {
          const lacks = !isWhole && !url.searchParams.has('$select');
          const rows = agents.slice(0, Number(url.searchParams.get('$top') ?? agents.length));
          json(response, JSON.stringify({ value: lacks ? rows.map(({ id }) => ({ id })) : rows }));
        },
      });
      await page(first, 'FarAgents');
      await page(first, 'FarAgents');
      await first.close();
      const second = await again();
      await page(second, 'FarAgents');
      assert.deepEqual(second.requests, [isWhole ? 'Agents' : 'Agents?$select=id,name']);
      time.at += 25 * 3_600_000;
      await page(second, 'FarAgents');
      // It is tried anew.
      assert.equal(second.requests[1], 'Agents?$select=id,name&$top=50');
    }
  });

  it('whatever the file holds, the gateway starts with what it understands', () => {
    const now = () => 0;
    const onChange = () => undefined;
    const parts = (): readonly Remembered[] => [
      new TrialFindings('far', { now, onChange }).remembered,
      new RefusedForms(now, onChange),
      new TriedAggregations('far', { now, observe: () => undefined, onChange }).remembered,
      new WholeRows({ now, onChange }).remembered,
    ];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.jsonValue())), fc.jsonValue(), (pairs, other) => {
        for (const part of parts()) {
          part.restore(pairs);
          part.restore(other);
          assert.deepEqual(part.kept(), []);
        }
      }),
    );
    const trial = { verdict: 'right', reason: 'it adds up rows', open: ['Length eq null'] };
    const entries = [
      [['a', { verdict: 'done', at: 5 }]],
      [['b', { status: 400, at: 5 }]],
      [
        ['c', { trial, at: 5 }],
        ['d', { trial, at: 6 }],
      ],
      [
        ['e', { isWhole: true, at: 5 }],
        ['f', { isWhole: false, at: 6 }],
      ],
    ];
    for (const [at, part] of parts().entries()) {
      part.restore(entries[at]);
      assert.deepEqual(part.kept(), entries[at]);
      part.clear();
      assert.deepEqual(part.kept(), []);
    }
  });
});
