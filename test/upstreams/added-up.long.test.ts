import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import type { UpstreamEvent } from '../../src/observation/events/upstream.ts';
import { startTestServer } from '../http/test-server.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { documented, documentedFeed, source } from './aspnet/round-trip.ts';
import { lackOfService, startFeeds } from './aspnet/service.ts';
import { comparable, type ServedRow, threeWays, ways } from './three-ways.ts';

interface Feed {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A feed before another one, whose `$metadata` says that all sets do all of `$apply`. `asked`: what it was asked for. `wraps`: what the other one answers as an array
 * alone, as the service over it does to `$apply`, is a collection here.
 */
async function saysApply(feed: Feed, wraps = false): Promise<Feed & { readonly asked: string[] }> {
  const asked: string[] = [];
  const said = ['aggregate', 'groupby', 'filter', 'compute', 'concat'].map((one) => `<String>${one}</String>`).join('');
  const annotation = `<Annotation Term="Org.OData.Aggregation.V1.ApplySupported"><Record><PropertyValue Property="Transformations"><Collection>${said}</Collection></PropertyValue></Record></Annotation>`;
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').slice(1);
    const reply = await fetch(new URL(path, feed.url), { headers: { accept: request.headers.accept ?? '*/*' } });
    const sent = await reply.text();
    const text = wraps && sent.startsWith('[') ? `{"value":${sent}}` : sent;
    const isMetadata = path.startsWith('$metadata');
    if (!isMetadata) {
      asked.push(decodeURIComponent(path));
    }
    const type = reply.headers.get('content-type') ?? '';
    response.writeHead(reply.status, { 'Content-Type': type });
    const own = `http://${request.headers.host ?? ''}/`;
    response.end(
      (isMetadata ? text.replace('</EntityContainer>', `${annotation}</EntityContainer>`) : text).replaceAll(
        feed.url,
        own,
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await feed.close();
    },
  };
}

const isHanded = (asked: string): boolean =>
  asked.includes('$apply=') && !/Tried|filter\((?:\w+ (?:in \(|eq )|\()/.test(asked);

const inOrder = (found: readonly ServedRow[]): readonly string[] =>
  found.map((row) => JSON.stringify(comparable(row))).toSorted();

async function sameInAllWays(
  gateways: Awaited<ReturnType<typeof threeWays>>,
  requests: readonly string[],
): Promise<void> {
  for (const request of requests) {
    const [proxied = [], ...others] = await Promise.all(
      ways.map(async (way) => inOrder(await gateways.rows(way, request))),
    );
    assert.ok(proxied.length > 0, request);
    for (const [at, other] of others.entries()) {
      assert.deepEqual(other, proxied, `${ways[at + 1]} ${request}`);
    }
  }
}

describe('groups of a feed, added up by it, or of its rows that were copied', () => {
  it('are the same where the feed is another gateway, which adds them up', async () => {
    const stored = await startTestServer({ rows: `${rows}${messages}`, capabilities: feedCapabilities });
    const feed = await saysApply({ url: stored.root, close: () => stored.close() });
    const gateways = await threeWays({ documented, source: source.name, url: feed.url });
    try {
      await gateways.copy(['BuzzeasyCases', 'BuzzeasyMessages', 'BuzzeasyAgents']);
      feed.asked.length = 0;
      const requests = [
        'BuzzeasyCases?$apply=groupby((Open),aggregate(Cost with sum as T,$count as N))',
        'BuzzeasyCases?$apply=groupby((Priority,Title),aggregate(Cost with max as M))&$orderby=Priority',
        'BuzzeasyCases?$apply=aggregate(AgentId with sum as S)',
        'BuzzeasyMessages?$apply=filter(Length ne 5)/groupby((Body),aggregate($count as N))/filter(N ge 1)',
        'BuzzeasyAgents?$apply=groupby((City),aggregate(Id with sum as S))&$filter=S gt 2',
      ];
      await sameInAllWays(gateways, requests);
      assert.equal(feed.asked.filter(isHanded).length, requests.length);
    } finally {
      await gateways.close();
      await feed.close();
    }
  });

  it('are the same where the feed is Microsoft.AspNetCore.OData, which shows little', async function () {
    const lack = lackOfService();
    if (lack !== null) {
      console.log(`      skipped: Microsoft.AspNetCore.OData is ${lack}`);
      this.skip();
    }
    const { samples, file } = documentedFeed(60, { navigations: false, settings: { pageSize: 17, skipToken: true } });
    const running = await startFeeds([file]);
    const feed = await saysApply({ url: running.roots[0] ?? assert.fail(), close: () => running.close() }, true);
    const reasons = new Map<string, number>();
    const observe = (event: UpstreamEvent): void => {
      if (event.event === 'upstream-apply') {
        const reason = event.message.split(': ')[1] ?? '';
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    };
    const gateways = await threeWays({ documented, source: source.name, url: feed.url, observe });
    try {
      await gateways.copy();
      feed.asked.length = 0;
      const requests = [...samples.keys()].flatMap((name) => {
        const { properties } = documented.model.entitySets.get(name)?.entityType ?? assert.fail(name);
        const of = (type: RegExp) =>
          [...properties.values()].find((one) => type.test(one.type) && !one.collection)?.name;
        const [text, number, truth] = [of(/String/), of(/Int|Decimal/), of(/Boolean/)];
        return [
          ...(text === undefined ? [] : [`${name}?$apply=groupby((${text}),aggregate($count as Rows))`]),
          ...(number === undefined
            ? []
            : [`${name}?$apply=aggregate(${number} with sum as Total,${number} with max as Most,$count as Rows)`]),
          ...(truth === undefined || number === undefined
            ? []
            : [`${name}?$apply=groupby((${truth}),aggregate(${number} with sum as Total))`]),
          ...(truth === undefined ? [] : [`${name}?$apply=groupby((${truth}),aggregate($count as Rows))`]),
        ];
      });
      await sameInAllWays(gateways, requests);
      // Counts by a truth are right there; sums of nothing but nulls are 0, and texts cannot be told apart without concat.
      const byTruth = /^\w+[?][$]apply=groupby[(][(]is\w+[)],aggregate[(][$]count/;
      assert.deepEqual(
        feed.asked.filter((one) => isHanded(one) && !byTruth.test(one)),
        [],
      );
      assert.deepEqual([...reasons.keys()].toSorted(), [
        'it adds rows up otherwise',
        'it adds up rows as they are added up here',
        'it refuses what a trial asks of it',
      ]);
      assert.equal(
        [...reasons.values()].reduce((sum, one) => sum + one, 0),
        requests.length,
      );
    } finally {
      await gateways.close();
      await feed.close();
    }
  });
});
