import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FeedFile } from './feed-file.ts';

const page = fileURLToPath(new URL('../../../docs/proxied-feeds.md', import.meta.url));

/** The metadata that docs/proxied-feeds.md shows: text by path below the folder, which the first line of each block names. */
export function documentedFolder(): ReadonlyMap<string, string> {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^ *```yaml\n *# metadata\/(\S+)\n([\s\S]*?)^ *```$/gm)];
  return new Map(
    blocks.map(([, path = '', text = '']) => {
      const indent = /^ */.exec(text)?.[0] ?? '';
      return [path, text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')];
    }),
  );
}

/** A help desk as its own developers made it: names in PascalCase, a set that no document knows. `agents`: who handles its tickets. */
export function helpDesk(agents: readonly string[]): FeedFile {
  const property = (name: string, type: string, nullable = true) => ({ name, type, nullable });
  const tickets = Array.from({ length: 40 }, (_, at) => ({
    Number: at + 1,
    Subject: at % 5 === 0 ? null : `Subject ${at % 7}`,
    OpenedAt: `2026-01-05T08:00:${String(at).padStart(2, '0')}.1234567Z`,
    HandledBy: at % 6 === 0 ? null : at % 11 === 0 ? 'nobody' : (agents[at % agents.length] ?? null),
    Hours: at / 4,
  }));
  const comments = tickets.flatMap(({ Number: number }) =>
    Array.from({ length: number % 3 }, (_, at) => ({ TicketNumber: number, Line: at + 1, Text: `${number}/${at}` })),
  );
  return {
    namespace: 'HelpDesk',
    settings: { pageSize: 15, skipToken: true, maxTop: 100 },
    sets: [
      {
        name: 'Tickets',
        type: 'Ticket',
        key: ['Number'],
        properties: [
          property('Number', 'Edm.Int64', false),
          property('Subject', 'Edm.String'),
          property('OpenedAt', 'Edm.DateTimeOffset'),
          property('HandledBy', 'Edm.String'),
          property('Hours', 'Edm.Double', false),
        ],
        navigations: [{ name: 'Comments', to: 'Comments', many: true, join: [['Number', 'TicketNumber']] }],
        rows: tickets,
      },
      {
        name: 'Comments',
        type: 'Comment',
        key: ['TicketNumber', 'Line'],
        properties: [
          property('TicketNumber', 'Edm.Int64', false),
          property('Line', 'Edm.Int32', false),
          property('Text', 'Edm.String'),
        ],
        navigations: [],
        rows: comments,
      },
    ],
  };
}
