import fc from 'fast-check';
import type { Reader } from './readers.ts';
import { type CaseRow, dayOf, type MessageRow, type World } from './rows.ts';

/** Part of a request, and what it says of a row in plain JavaScript. */
interface Condition<R> {
  readonly text: string;
  readonly holds: (row: R, seen: Seen) => boolean;
}

/** What a reader sees of each set, in load order. */
export type Seen = World;

export function seenBy(reader: Reader, world: World): Seen {
  return {
    Cases: world.Cases.filter((row) => reader.Cases(row, world)),
    Messages: world.Messages.filter((row) => reader.Messages(row, world)),
    Agents: world.Agents.filter(reader.Agents),
  };
}

type Answer = string | readonly unknown[];

export interface Question {
  readonly url: string;
  /** Whether a reader whose keys alone decide is given a delta link. */
  readonly followed: boolean;
  /** Of `/$count` the number, else the rows; `sorted`: their order is not told. */
  readonly sorted: boolean;
  readonly answer: (seen: Seen) => Answer;
  /** What `$count=true` says. */
  readonly count: ((seen: Seen) => number) | null;
}

const wordsOf = (text: string): string => ` ${(text.match(/[a-z]+/gi) ?? []).join(' ').toLowerCase()} `;

type Search = Condition<string>;

const word = fc
  .constantFrom('hello', 'HELLO', 'refund', 'angry', 'zebra', 'nowhere', '"hello refund"', '"order angry"', '"it\'s"')
  .map((text): Search => {
    const asked = wordsOf(text);
    return { text, holds: (row) => wordsOf(row).includes(asked) };
  });

const search: fc.Arbitrary<Search> = fc.oneof(
  { arbitrary: word, weight: 4 },
  word.map(({ text, holds }): Search => ({ text: `NOT ${text}`, holds: (row, seen) => !holds(row, seen) })),
  fc.tuple(word, word, fc.boolean()).map(
    ([a, b, both]): Search => ({
      text: `${a.text} ${both ? 'AND' : 'OR'} ${b.text}`,
      holds: (row, seen) =>
        both ? a.holds(row, seen) && b.holds(row, seen) : a.holds(row, seen) || b.holds(row, seen),
    }),
  ),
  fc.tuple(word, word, word).map(
    ([a, b, c]): Search => ({
      text: `(${a.text} OR ${b.text}) AND NOT ${c.text}`,
      holds: (row, seen) => (a.holds(row, seen) || b.holds(row, seen)) && !c.holds(row, seen),
    }),
  ),
);

const range = fc.tuple(fc.nat(320), fc.constantFrom(0, 1, 5, 40, 400)).map(([n, days]): Condition<CaseRow> => {
  const [from, to] = [dayOf(n), dayOf(n + days)];
  return {
    text: `CreatedAt ge ${from} and CreatedAt lt ${to}`,
    holds: ({ CreatedAt }) => CreatedAt >= from && CreatedAt < to,
  };
});

const caseFilter = fc.constantFrom<Condition<CaseRow>>(
  { text: 'Priority gt 1', holds: ({ Priority }) => Priority > 1 },
  { text: 'Priority eq 0', holds: ({ Priority }) => Priority === 0 },
  { text: 'Id mod 3 eq 0', holds: ({ Id }) => Id % 3 === 0 },
  {
    text: "Agent/City eq 'Bonn'",
    holds: ({ AgentId }, seen) => seen.Agents.some(({ Id, City }) => Id === AgentId && City === 'Bonn'),
  },
  {
    text: 'Messages/any(m:m/Length gt 5)',
    holds: (row, seen) => seen.Messages.some(({ CaseId, Length }) => CaseId === row.Id && Length > 5),
  },
);

const messageFilter = fc.constantFrom<Condition<MessageRow>>(
  { text: 'Length gt 4', holds: ({ Length }) => Length > 4 },
  { text: 'Number eq 1', holds: (row) => row.Number === 1 },
  {
    text: 'Case/Priority eq 2',
    holds: (row, seen) => seen.Cases.some(({ Id, Priority }) => Id === row.CaseId && Priority === 2),
  },
);

const optional = <T>(one: fc.Arbitrary<T>, freq = 2): fc.Arbitrary<T | null> => fc.option(one, { nil: null, freq });

const cut = fc.record({
  descending: fc.boolean(),
  ordered: fc.boolean(),
  top: optional(fc.constantFrom(0, 1, 7, 60), 1),
  skip: optional(fc.constantFrom(1, 10, 90), 1),
  counted: fc.boolean(),
  form: fc.constantFrom('rows', 'rows', 'rows', 'count', 'groups', 'expanded'),
});

type Cut = typeof cut extends fc.Arbitrary<infer T> ? T : never;

interface Asked<R> {
  readonly set: 'Cases' | 'Messages';
  readonly search: Search | null;
  readonly conditions: readonly Condition<R>[];
  readonly cut: Cut;
  readonly textOf: (row: R) => string;
  readonly order: keyof R & string;
  readonly rowsOf: (seen: Seen) => readonly R[];
  readonly expand: { readonly text: string; readonly of: (row: R, seen: Seen) => object };
}

function question<R extends object>(asked: Asked<R>): Question {
  const { search: sought, conditions, cut: parts, order, set } = asked;
  const found = (seen: Seen): readonly R[] =>
    asked
      .rowsOf(seen)
      .filter(
        (row) => (sought?.holds(asked.textOf(row), seen) ?? true) && conditions.every((one) => one.holds(row, seen)),
      );
  const filter = conditions.map(({ text }) => text).join(' and ');
  const options = [
    ...(sought === null ? [] : [['$search', sought.text]]),
    ...(filter === '' ? [] : [['$filter', filter]]),
  ];
  const made = (more: readonly (readonly string[])[], where: string = set): string => {
    const query = more.map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`).join('&');
    return query === '' ? where : `${where}?${query}`;
  };
  if (parts.form === 'count') {
    const answer = (seen: Seen): string => String(found(seen).length);
    return { url: made(options, `${set}/$count`), followed: false, sorted: false, count: null, answer };
  }
  if (parts.form === 'groups') {
    const before = [
      ...(sought === null ? [] : [`search(${sought.text})`]),
      ...(filter === '' ? [] : [`filter(${filter})`]),
    ];
    const apply = [...before, `groupby((${order}),aggregate($count as N))`].join('/');
    const answer = (seen: Seen): readonly unknown[] =>
      [...new Set(found(seen).map((row) => row[order]))].map((value) => ({
        [order]: value,
        N: found(seen).filter((row) => row[order] === value).length,
      }));
    return { url: made([['$apply', apply]]), followed: false, sorted: true, count: null, answer };
  }
  const { top, skip, descending, ordered, counted } = parts;
  const all = [
    ...options,
    ...(ordered ? [['$orderby', `${order}${descending ? ' desc' : ''}`]] : []),
    ...(top === null ? [] : [['$top', String(top)]]),
    ...(skip === null ? [] : [['$skip', String(skip)]]),
    ...(counted ? [['$count', 'true']] : []),
    ...(parts.form === 'expanded' ? [['$expand', asked.expand.text]] : []),
  ];
  const sign = descending ? -1 : 1;
  const answer = (seen: Seen): readonly unknown[] => {
    const rows = [...found(seen)];
    if (ordered) {
      rows.sort((a, b) => sign * (Number(a[order]) - Number(b[order])));
    }
    const page = rows.slice(skip ?? 0, top === null ? undefined : (skip ?? 0) + top);
    return parts.form === 'expanded' ? page.map((row) => ({ ...row, ...asked.expand.of(row, seen) })) : page;
  };
  const followed = parts.form === 'rows' && top === null && skip === null && !/Agent|any|Case\//.test(filter);
  return { url: made(all), followed, sorted: false, answer, count: counted ? (seen) => found(seen).length : null };
}

const ofCases = fc
  .record({ search: optional(search), range: optional(range), filter: optional(caseFilter), cut })
  .map(({ search: sought, range: time, filter, cut: parts }) =>
    question<CaseRow>({
      set: 'Cases',
      search: sought,
      conditions: [time, filter].filter((one) => one !== null),
      cut: parts,
      textOf: ({ Title }) => Title,
      order: 'Priority',
      rowsOf: (seen) => seen.Cases,
      expand: {
        text: 'Agent($select=Id,Name,City),Messages($select=CaseId,Number,Body,Length)',
        of: (row, seen) => ({
          Agent: seen.Agents.find(({ Id }) => Id === row.AgentId) ?? null,
          Messages: seen.Messages.filter(({ CaseId }) => CaseId === row.Id),
        }),
      },
    }),
  );

const ofMessages = fc
  .record({ search: optional(search), filter: optional(messageFilter), cut })
  .map(({ search: sought, filter, cut: parts }) =>
    question<MessageRow>({
      set: 'Messages',
      search: sought,
      conditions: filter === null ? [] : [filter],
      cut: parts,
      textOf: ({ Body }) => Body,
      order: 'Length',
      rowsOf: (seen) => seen.Messages,
      expand: {
        text: 'Case($select=Id,Title,Priority,CreatedAt,AgentId)',
        of: (row, seen) => ({ Case: seen.Cases.find(({ Id }) => Id === row.CaseId) ?? null }),
      },
    }),
  );

export const anyQuestion = fc.oneof(ofCases, ofMessages);
