import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { Catalogue, DimensionSource } from '../../src/catalogue/catalogue.ts';
import { runs } from '../support/runs.ts';
import { catalogue, exportFile, useFeed } from './support/feed.ts';
import { dimensionOf, expectedThings, madeAtOnce, sorted, storedThings } from './support/made-at-once.ts';

const dimensions = ['Agents', 'Teams', 'Contacts', 'Conversations', 'Tags', 'Topics'].map(
  (name) => `Sparkcentral${name}`,
);
const periods = ['2026-01-01..2026-01-02', '2026-01-02..2026-01-03'] as const;

type Cells = Readonly<Record<string, string>>;

const agent = fc.constantFrom('', 'a1', 'a2', 'a3');
const label = fc.constantFrom('', 'x', 'y');
const moment = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z');
const conversation = fc.constantFrom('c1', 'c2', 'c3');
const contact = fc.constantFrom('p1', 'p2');
const rowsOf = (row: fc.Arbitrary<Cells>): fc.Arbitrary<Cells[]> => fc.array(row, { maxLength: 4 });
const spoken = { LastStatusChangeAgentId: agent, LastStatusChangeAgentName: label, LastUpdatedAt: moment };
const open = { ConversationId: conversation, ContactProfileId: contact, Medium: label, TopicIds: label, ...spoken };
const times = { CreatedAt: moment, LastUpdatedAt: moment };
const message = {
  MessageId: fc.constantFrom('m1', 'm2', 'm3', 'm4'),
  ConversationId: conversation,
  ContactProfileId: contact,
  ContactPrimaryIdentifier: label,
  AgentId: agent,
  AgentName: label,
  AgentReference: label,
  TeamId: fc.constantFrom('', 't1', 't2'),
  TeamName: label,
  TagIds: fc.constantFrom('', '7', '7,8'),
  ...times,
};
const deliveries: Readonly<Record<string, fc.Arbitrary<Cells[]>>> = {
  messages: rowsOf(fc.record(message)),
  'response-times': rowsOf(
    fc.record({
      OutboundMessageId: fc.constantFrom('r1', 'r2'),
      ReplyingAgentId: agent,
      ReplyingAgentName: label,
      ConversationId: conversation,
      ToAt: moment,
    }),
  ),
  'agent-metrics': fc.uniqueArray(fc.record({ UserId: fc.constantFrom('a1', 'a2'), UserName: label }), {
    selector: (row) => row.UserId,
    maxLength: 2,
  }),
  'open-conversations': rowsOf(fc.record(open)),
  'resolved-conversations': rowsOf(fc.record(open)),
  'contact-attributes': rowsOf(fc.record({ ContactProfileId: contact, AttributeId: fc.constantFrom('1', '2') })),
};
const delivery = fc.oneof(
  ...Object.entries(deliveries).map(([name, rows]) => ({
    weight: name === 'messages' ? 4 : 1,
    arbitrary: fc.record({
      name: fc.constant(name),
      rows,
      minute: fc.integer({ min: 0, max: 4 }),
      period: fc.constantFrom(...periods),
    }),
  })),
);

/** An agent that nothing states any more keeps what was known; an older message then says less, and counts. */
const forgottenAgent = [
  { name: 'agent-metrics', rows: [{ UserId: 'a1', UserName: 'x' }], minute: 0, period: periods[0] },
  { name: 'agent-metrics', rows: [{ UserId: 'a2', UserName: 'y' }], minute: 1, period: periods[0] },
  {
    name: 'messages',
    rows: [{ MessageId: 'm1', ConversationId: 'c1', AgentId: 'a1', AgentName: 'x', CreatedAt: '2026-01-01T00:00:00Z' }],
    minute: 2,
    period: periods[0],
  },
];

function isMadeAtOnce(title: string, of: Catalogue): void {
  describe(title, () => {
    const feed = useFeed(of);
    let serial = 0;

    /** `alike`: all files of an export have one header, so that the cells of a row are of one file. */
    async function load(
      { name, rows, minute, period }: { name: string; rows: Cells[]; minute: number; period: string },
      alike: boolean,
    ) {
      const [header = '', ...lines] = exportFile(`sparkcentral/${name}`, rows).trimEnd().split('\n');
      serial += 1;
      // The same bytes would not be read again.
      const text = alike
        ? [header, ...lines, ' '.repeat(serial)].join('\n')
        : [`${header},N${serial}`, ...lines.map((line) => `${line},`)].join('\n');
      const result = await feed().load(`${name}.csv`, text, {
        source: 'sparkcentral',
        export: name,
        minute,
        force: true,
        ...(name.endsWith('-metrics') ? { period } : {}),
      });
      deepEqual([result.state, result.state === 'loaded' && result.counts.rejected], ['loaded', 0]);
    }

    it('after any loads, each dimension is what all rows of its sources make at once', async () => {
      const all = dimensions.map((name) => dimensionOf(feed().catalogue, name));
      const tables = [
        ...new Set([
          ...all.flatMap((one) => [one.table.name, ...one.derivation.from.map(({ set }) => `feed."${set}"`)]),
        ]),
      ];
      await fc.assert(
        fc.asyncProperty(fc.array(delivery, { minLength: 2, maxLength: 5 }), fc.boolean(), async (loads, alike) => {
          await feed().database.query(
            `TRUNCATE ${tables.join(', ')}; DELETE FROM gateway.drift; DELETE FROM gateway.load`,
          );
          for (const one of loads) {
            const before = await Promise.all(all.map((dimension) => storedThings(feed(), dimension)));
            await load(one, alike);
            for (const [index, dimension] of all.entries()) {
              const made = await madeAtOnce(feed(), dimension);
              const expected = expectedThings(dimension, before[index] ?? new Map(), made);
              deepEqual(sorted(await storedThings(feed(), dimension)), sorted(expected), dimension.table.set.name);
            }
          }
        }),
        { numRuns: runs(6), examples: [[forgottenAgent, false]] },
      );
    });
  });
}

/** The catalogue with other ways to take rows into its dimensions. */
function withSources(change: (source: DimensionSource, index: number) => DimensionSource): Catalogue {
  const sets = new Map(catalogue.sets);
  for (const name of dimensions) {
    const set = sets.get(name);
    if (set?.kind !== 'stored' || set.derivation?.kind !== 'dimension') {
      throw new Error(name);
    }
    sets.set(name, { ...set, derivation: { ...set.derivation, from: set.derivation.from.map(change) } });
  }
  return { ...catalogue, sets };
}

isMadeAtOnce('Dimensions kept by what changed', catalogue);
isMadeAtOnce(
  'Dimensions kept by what changed, where the newest file counts for some of their sources',
  withSources((source, index) => (index % 2 === 0 ? source : { ...source, stamp: null })),
);
isMadeAtOnce(
  'Dimensions kept by what changed, where things leave with a set',
  withSources((source, index) => ({ ...source, follows: index % 3 === 2 })),
);
