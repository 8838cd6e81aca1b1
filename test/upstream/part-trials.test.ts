import assert from 'node:assert/strict';
import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import { IdleClock } from '../support/idle-clock.ts';
import { OptionFeed } from './option-feed.ts';
import { fails, feeds, page, read } from './told-feed.ts';

const calls = [
  { id: 1, subject: 'wait', seconds: 50 },
  { id: 2, subject: 'Wait', seconds: 10 },
  { id: 3, subject: 'other', seconds: 30 },
];

const isOf =
  (...kinds: readonly BoundExpression['kind'][]) =>
  (part: BoundExpression): boolean =>
    kinds.includes(part.kind);
const compares =
  (kind: BoundExpression['kind']) =>
  (part: BoundExpression): boolean =>
    part.kind === 'Comparison' && part.left.kind === kind;

/** Conditions with a part each that some services pass over, the rows that they keep, and how the part is tried. */
const parts = {
  'a search for a text': ["contains(subject,'ait')", [1, 2], "contains(subject,'q7z0x5v9w3b8m2')", isOf('Function')],
  'what a function gives': [
    "tolower(subject) eq 'wait'",
    [1, 2],
    "tolower(subject) eq 'q7z0x5v9w3b8m2'",
    compares('Function'),
  ],
  'how many characters': ['length(subject) gt 0', [1, 2, 3], 'length(subject) lt 0', compares('Function')],
  'what is added up': ['seconds add 5 eq 15', [2], '(seconds add 5) eq -1999999973', compares('Arithmetic')],
  'a literal in front': ['30 lt seconds', [1], '-1999999973 eq seconds', compares('Constant')],
  'a list': ['seconds in (10,30)', [2, 3], 'seconds in (-1999999973,-1999999973)', isOf('In')],
  not: ['not (seconds gt 20)', [2], 'not (id ne null)', isOf('Not')],
} as const;

describe('parts of a $filter that a feed passes over', () => {
  const { connect } = feeds();
  const connected = (feed: OptionFeed, time = new IdleClock()) =>
    connect(feed.answer, {}, '/service/', { connection: { readsOptions: false, time } });
  const known = ['Calls?$select=id&$top=1', 'Calls?$select=id&$filter=id eq null&$top=1'];
  const notShown = fails('NotImplemented', /does not show that it does what \$filter=.* of FarCalls says/);

  for (const [name, [condition, ids, none, blindTo]] of Object.entries(parts)) {
    const request = `FarCalls?$select=id&$filter=${condition}`;
    const trial = `Calls?$select=id&$filter=${none}&$top=1`;

    it(`${name}: a feed that reads it is tried once a day, and for other values of the same form no more`, async () => {
      const time = new IdleClock();
      const upstream = await connected(new OptionFeed({}, calls), time);
      for (const hours of [0, 1, 24]) {
        time.at += hours * 3_600_000;
        upstream.requests.length = 0;
        assert.deepEqual(
          (await page(upstream, request)).rows.map(({ id }) => id),
          ids,
        );
        const ofParts = upstream.requests.slice(0, -1).filter((asked) => !asked.includes('=id,subject&'));
        assert.deepEqual(ofParts, hours === 1 ? [] : [...known, trial]);
      }
    });

    it(`${name}: one that takes it for what always holds is not asked for it, alone or beside others`, async () => {
      const upstream = await connected(new OptionFeed({ blindTo }, calls));
      await assert.rejects(read(upstream, request), notShown);
      assert.deepEqual(upstream.requests, [...known, trial]);
      for (const more of [`${request} and seconds gt 5`, `${request} or seconds lt 5`]) {
        await assert.rejects(read(upstream, more), notShown);
      }
      await assert.rejects(read(upstream, `FarCalls/$count?$filter=${condition}`), notShown);
      assert.deepEqual((await page(upstream, 'FarCalls?$select=id&$filter=seconds gt 20')).rows, [
        { id: 1 },
        { id: 3 },
      ]);
    });

    it(`${name}: one that refuses it passes nothing over, and says so itself`, async () => {
      const refuses = /filter=(?!id eq null)/;
      const upstream = await connected(new OptionFeed({ refuses }, calls));
      await assert.rejects(read(upstream, request), fails('UpstreamRefused', /400/));
    });
  }

  it('where there is no row nothing is tried', async () => {
    const upstream = await connected(new OptionFeed({ blindTo: isOf('Function') }, []));
    assert.deepEqual((await page(upstream, "FarCalls?$select=id&$filter=contains(subject,'a')")).rows, []);
    // Whether there is a text to compare with.
    const ofTexts = 'Calls?$select=id,subject&$filter=subject ne null&$top=50';
    assert.deepEqual(upstream.requests.slice(0, -1), ['Calls?$select=id&$top=1', ofTexts]);
  });
});
