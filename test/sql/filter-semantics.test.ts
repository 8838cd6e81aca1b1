import assert from 'node:assert/strict';
import { compiled, part } from './compile-url.ts';
import { agentOf, type CaseRow, caseRows, insertRows } from './sample-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

/** [filter, the rows it keeps: said here in JavaScript, not by the program]. */
type Rule = readonly [filter: string, keeps: (row: CaseRow) => boolean];

const has = (row: CaseRow, test: (title: string) => boolean): boolean => row.Title !== null && test(row.Title);
const utc = (row: CaseRow): Date | null => (row.CreatedAt === null ? null : new Date(row.CreatedAt));
const points = (text: string): number => [...text].length;
const away = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
const above = (a: string, b: string): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) > 0;

const rules: readonly Rule[] = [
  // Null is a value for eq and ne; the other comparisons are false with it (Protocol 11.2.6.1.1).
  ['Priority eq null', (row) => row.Priority === null],
  ['Priority ne null', (row) => row.Priority !== null],
  ['null eq Priority', (row) => row.Priority === null],
  ['Priority ne 7', (row) => row.Priority !== 7],
  ['not (Priority eq 7)', (row) => row.Priority !== 7],
  ['not (Priority ne 7)', (row) => row.Priority === 7],
  ['Priority gt 1', (row) => row.Priority !== null && row.Priority > 1],
  ['not (Priority gt 1)', (row) => !(row.Priority !== null && row.Priority > 1)],
  ['Priority gt null', () => false],
  ['not (Priority gt null)', () => true],
  ['Priority eq Small', (row) => row.Priority === row.Small],
  ['Priority ne Small', (row) => row.Priority !== row.Small],
  ['not (Priority eq Small)', (row) => row.Priority !== row.Small],
  ['not (Priority ge Small)', (row) => !(row.Priority !== null && row.Small !== null && row.Priority >= row.Small)],
  ['(Priority gt 1) eq false', (row) => !(row.Priority !== null && row.Priority > 1)],
  ['(Priority eq null) eq true', (row) => row.Priority === null],
  // Three-valued and, or, not of Boolean properties.
  ['Open', (row) => row.Open === true],
  ['not Open', (row) => row.Open === false],
  ['Open eq null', (row) => row.Open === null],
  ['Open ne true', (row) => row.Open !== true],
  ['not (Open and Priority eq 1)', (row) => row.Open === false || row.Priority !== 1],
  ['not (Open or Priority eq 1)', (row) => row.Open === false && row.Priority !== 1],
  ['(Open and true) eq null', (row) => row.Open === null],
  ['(not Open) eq null', (row) => row.Open === null],
  ['not Open or Priority eq 1 and Small eq 5', (row) => row.Open === false || (row.Priority === 1 && row.Small === 5)],
  // in
  ['Priority in (1,2)', (row) => row.Priority === 1 || row.Priority === 2],
  ['Priority in (1,null)', (row) => row.Priority === 1 || row.Priority === null],
  ['not (Priority in (1,2))', (row) => !(row.Priority === 1 || row.Priority === 2)],
  ['not (Priority in (1,null))', (row) => !(row.Priority === 1 || row.Priority === null)],
  ['(Priority in (1,2)) eq false', (row) => !(row.Priority === 1 || row.Priority === 2)],
  ["Title in ('é','100%')", (row) => row.Title === 'é' || row.Title === '100%'],
  ['Priority in (Small,7)', (row) => row.Priority === row.Small || row.Priority === 7],
  // Text: no pattern, no case folding, order by code point.
  ["contains(Title,'%')", (row) => has(row, (title) => title.includes('%'))],
  ["contains(Title,'_')", (row) => has(row, (title) => title.includes('_'))],
  ["contains(Title,'\\')", (row) => has(row, (title) => title.includes('\\'))],
  ["contains(Title,'''')", (row) => has(row, (title) => title.includes("'"))],
  ["contains(Title,'')", (row) => row.Title !== null],
  ["not contains(Title,'a')", (row) => has(row, (title) => !title.includes('a'))],
  ["contains(Title,'a') eq null", (row) => row.Title === null],
  ["startswith(Title,'100')", (row) => has(row, (title) => title.startsWith('100'))],
  ["endswith(Title,'b')", (row) => has(row, (title) => title.endsWith('b'))],
  ["endswith(Title,'')", (row) => row.Title !== null],
  ["Title eq '''; DROP TABLE x; --'", (row) => row.Title === "'; DROP TABLE x; --"],
  ["Title eq '\\''quoted'", (row) => row.Title === "\\'quoted"],
  ["Title eq 'é'", (row) => row.Title === 'é'],
  ["Title gt 'Zulu'", (row) => has(row, (title) => above(title, 'Zulu'))],
  ["Title gt '\uff5a'", (row) => has(row, (title) => above(title, '\uff5a'))],
  ["concat(Title,'') gt 'Zulu'", (row) => has(row, (title) => above(title, 'Zulu'))],
  ["tolower(Title) eq 'straße'", (row) => has(row, (title) => title.toLowerCase() === 'straße')],
  ["toupper(Title) eq 'STRASSE'", (row) => has(row, (title) => title.toUpperCase() === 'STRASSE')],
  ["tolower(Title) eq 'i\u0307stanbul'", (row) => has(row, (title) => title.toLowerCase() === 'i\u0307stanbul')],
  ["tolower(Title) eq 'οδυσσευς'", (row) => has(row, (title) => title.toLowerCase() === 'οδυσσευς')],
  ['length(Title) eq 7', (row) => has(row, (title) => points(title) === 7)],
  ["indexof(Title,'b') eq 2", (row) => has(row, (title) => title.indexOf('b') === 2)],
  ["indexof(Title,'zzz') eq -1", (row) => row.Title !== null],
  ["indexof(Title,'e') eq 2", (row) => has(row, (title) => [...title].indexOf('e') === 2)],
  ["substring(Title,1) eq '00%'", (row) => row.Title === '100%'],
  ["substring(Title,1,1) eq '0'", (row) => has(row, (title) => title[1] === '0')],
  ["substring(Title,-2) eq 'ha'", (row) => has(row, (title) => title.endsWith('ha'))],
  ["substring(Title,99) eq ''", (row) => row.Title !== null],
  ["substring(Title,1,-1) eq ''", (row) => row.Title !== null],
  ["substring(Title,Priority) eq 'lain'", (row) => row.Title === 'plain' && row.Priority === 1],
  ["trim(Title) eq 'padded'", (row) => has(row, (title) => title.trim() === 'padded')],
  ["concat(concat(Title,'-'),'x') eq 'plain-x'", (row) => row.Title === 'plain'],
  ['concat(Title,null) eq null', () => true],
  // Arithmetic and rounding.
  ['Priority add 1 eq 3', (row) => row.Priority === 2],
  ['Priority div 2 eq -1', (row) => row.Priority === -3],
  ['Priority mod 2 eq -1', (row) => row.Priority === -3],
  ['Priority divby 2 eq 3.5', (row) => row.Priority === 7],
  ['-Priority eq 3', (row) => row.Priority === -3],
  ['Priority sub -1 eq 3', (row) => row.Priority === 2],
  ['-(-Priority) eq 7', (row) => row.Priority === 7],
  ['round(Score) eq 3', (row) => row.Score !== null && away(row.Score) === 3],
  ['round(Cost) eq -3', (row) => row.Cost !== null && away(row.Cost) === -3],
  ['round(Score) eq 1', (row) => row.Score !== null && away(row.Score) === 1],
  ['floor(Cost) eq -8', (row) => row.Cost !== null && Math.floor(row.Cost) === -8],
  ['ceiling(Score) eq 0', (row) => row.Score !== null && Math.ceil(row.Score) + 0 === 0],
  ['Priority gt 1.5', (row) => row.Priority !== null && row.Priority > 1.5],
  ['Score mod 2 eq 0.5', (row) => row.Score !== null && row.Score % 2 === 0.5],
  // Dates and times, in UTC whatever the literal's offset is.
  ['CreatedAt eq 2024-02-29T23:30:00Z', (row) => row.CreatedAt === '2024-02-29T23:30:00Z'],
  ['CreatedAt eq 2024-03-01T01:00:00%2B01:00', (row) => row.CreatedAt === '2024-03-01T00:00:00Z'],
  ['CreatedAt ge 2024-03-01T00:00:00Z', (row) => row.CreatedAt === '2024-03-01T00:00:00Z'],
  ['year(CreatedAt) eq 2023', (row) => utc(row)?.getUTCFullYear() === 2023],
  ['month(CreatedAt) eq 2', (row) => utc(row)?.getUTCMonth() === 1],
  ['day(CreatedAt) eq 29', (row) => utc(row)?.getUTCDate() === 29],
  ['hour(CreatedAt) eq 23', (row) => utc(row)?.getUTCHours() === 23],
  ['minute(CreatedAt) eq 30', (row) => utc(row)?.getUTCMinutes() === 30],
  ['second(CreatedAt) eq 59', (row) => utc(row)?.getUTCSeconds() === 59],
  ['fractionalseconds(CreatedAt) eq 0.999999', (row) => row.CreatedAt === '2023-12-31T23:59:59.999999Z'],
  ['date(CreatedAt) eq 2024-02-29', (row) => row.CreatedAt?.startsWith('2024-02-29') === true],
  ['time(CreatedAt) eq 23:30', (row) => row.CreatedAt?.includes('T23:30') === true],
  ['totaloffsetminutes(CreatedAt) eq 0', (row) => row.CreatedAt !== null],
  ['DueOn eq 2024-02-29', (row) => row.DueOn === '2024-02-29'],
  ['DueOn lt 2024-01-01', (row) => row.DueOn !== null && row.DueOn < '2024-01-01'],
  ["DueOn add duration'P1D' eq 2024-03-01", (row) => row.DueOn === '2024-02-29'],
  ["CreatedAt add duration'PT30M' eq 2024-03-01T00:00:00Z", (row) => row.CreatedAt === '2024-02-29T23:30:00Z'],
  ['totalseconds(CreatedAt sub 2024-02-29T00:00:00Z) eq 84600', (row) => row.CreatedAt === '2024-02-29T23:30:00Z'],
  ["(DueOn sub 2024-02-28) eq duration'P1D'", (row) => row.DueOn === '2024-02-29'],
  ['CreatedAt lt now()', (row) => row.CreatedAt !== null],
  ['CreatedAt gt mindatetime() and CreatedAt lt maxdatetime()', (row) => row.CreatedAt !== null],
  // Paths to one; hidden rows are absent.
  ["Agent/Name eq 'Ann'", (row) => agentOf(row)?.Name === 'Ann'],
  ['Agent/Name eq null', (row) => (agentOf(row)?.Name ?? null) === null],
  ["Agent/Name ne 'Ann'", (row) => agentOf(row)?.Name !== 'Ann'],
  ['Agent eq null', (row) => agentOf(row) === null],
  ['Agent ne null', (row) => agentOf(row) !== null],
  ["Agent/Leader/City eq 'Bonn'", (row) => agentOf(row)?.LeaderId === 1],
  // Collections.
  ['Messages/any()', (row) => row.Messages.length > 0],
  ['not Messages/any()', (row) => row.Messages.length === 0],
  ['Messages/any(m:m/Length gt 2)', (row) => row.Messages.some((one) => (one.Length ?? -1) > 2)],
  ['Messages/all(m:m/Length gt 2)', (row) => row.Messages.every((one) => (one.Length ?? -1) > 2)],
  ['not Messages/all(m:m/Length gt 2)', (row) => !row.Messages.every((one) => (one.Length ?? -1) > 2)],
  ["Messages/all(m:contains(m/Body,'a'))", (row) => row.Messages.every((one) => one.Body?.includes('a') === true)],
  ['Messages/any(m:m/Number eq Priority)', (row) => row.Messages.some((one) => one.Number === row.Priority)],
  [
    'Messages/any(m:m/Case/Messages/any(n:n/Length eq m/Number))',
    (row) => row.Messages.some((m) => row.Messages.some((n) => n.Length === m.Number)),
  ],
  ['Messages/$count eq 3', (row) => row.Messages.length === 3],
  ['Messages/$count($filter=Length gt 2) ge 1', (row) => row.Messages.some((one) => (one.Length ?? -1) > 2)],
  ['(Messages/any()) eq (Priority gt 0)', (row) => row.Messages.length > 0 === (row.Priority ?? 0) > 0],
  // Others.
  ["case(Priority gt 1:'high',Priority le 1:'low') eq 'low'", (row) => row.Priority !== null && row.Priority <= 1],
  ["case(Priority gt 1:'high') eq null", (row) => !(row.Priority !== null && row.Priority > 1)],
  ["cast(Priority,Edm.String) eq '7'", (row) => row.Priority === 7],
  ["cast(CreatedAt,Edm.String) eq '2000-01-01T00:00:00.5Z'", (row) => row.CreatedAt === '2000-01-01T00:00:00.5Z'],
  ['cast(Cost,Edm.Int32) eq -7', (row) => row.Cost === -7.75],
  ['Open eq (1 eq 1)', (row) => row.Open === true],
];

describe('$filter keeps the rows that OData says', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  for (const [filter, keeps] of rules) {
    it(filter, async () => {
      const encoded = filter.includes('%2B') ? filter : part(filter);
      const expected = caseRows.filter(keeps).map((row) => row.Id);
      const query = compiled(`Cases?$select=Id&$filter=${encoded}`);
      assert.deepEqual(
        (await feed.read(query)).map(({ row }) => row['Id']),
        expected,
        query.text,
      );
      const [count] = await feed.read(compiled(`Cases/$count?$filter=${encoded}`));
      assert.equal(count?.row['count'], expected.length);
    });
  }

  it('has rules that keep some rows and leave some out', () => {
    const telling = rules.filter(([, keeps]) => {
      const kept = caseRows.filter(keeps).length;
      return kept > 0 && kept < caseRows.length;
    });
    assert.ok(telling.length > rules.length * 0.85, `${telling.length} of ${rules.length}`);
  });
});
