import assert from 'node:assert/strict';
import { compiled, part } from './compile-url.ts';
import { assertIeee, assertNoFault } from './extreme-properties.ts';
import { extremeRows, lastId } from './extreme-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

describe('Expressions over extreme values', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(extremeRows);
  });
  after(async () => feed.close());

  const valuesOf = async (expression: string): Promise<Record<string, unknown>> => {
    const rows = await feed.read(compiled(`Cases?$select=Id,X&$compute=${part(expression)} as X`));
    return Object.fromEntries(rows.map(({ row }) => [String(row['Id']), row['X']]));
  };
  const idsOf = async (filter: string): Promise<unknown[]> =>
    (await feed.read(compiled(`Cases?$select=Id&$filter=${part(filter)}`))).map(({ row }) => row['Id']);
  const one = async (expression: string, id: number): Promise<unknown> => (await valuesOf(expression))[String(id)];

  it('C2 a division of floats by zero is INF, -INF or NaN, and no row fails the others', async () => {
    assert.match(
      compiled('Cases?$filter=Score div 2 eq 1').text,
      /CASE WHEN v2\.a IS NULL THEN NULL WHEN v2\.b = 0 THEN /,
    );
    assert.equal(await one('1e0 div (Score sub Score)', 1), Number.POSITIVE_INFINITY);
    assert.equal(await one('-1e0 div (Score sub Score)', 1), Number.NEGATIVE_INFINITY);
    assert.equal(await one('(Score sub Score) div 0e0', 1), Number.NaN);
    assert.equal(await one('Score div Priority', 3), Number.POSITIVE_INFINITY);
    assert.equal(await one('Score divby 0', 1), Number.POSITIVE_INFINITY);
    assert.equal(await one('Score mod 0', 1), Number.NaN);
    assert.equal(await one('cast(Score,Edm.Single) div 0', 1), Number.POSITIVE_INFINITY);
    assert.equal(await one('Score mul -1 div 0', 1), Number.NEGATIVE_INFINITY);
    assert.deepEqual(await idsOf('Score div 0 eq INF and Id lt 4'), [1, 2, 3]);
    await assert.rejects(feed.read(compiled('Cases?$filter=Cost div 0 eq 1')), { code: '22012' });
  });

  it('C2 half a unit beyond the largest double is infinite, less is the largest', async () => {
    const largest = '1.7976931348623157e308';
    const half = '9.979201547673599e291';
    const less = '9.9792015476735979e291';
    assert.equal(await one(`Score add ${half}`, 2), Number.POSITIVE_INFINITY);
    assert.equal(await one(`Score add ${less}`, 2), Number.MAX_VALUE);
    assert.equal(await one(`-Score sub ${half}`, 2), Number.NEGATIVE_INFINITY);
    assert.equal(await one(`-Score sub ${less}`, 2), -Number.MAX_VALUE);
    assert.equal(await one(`Score sub (Score mul 0) sub 5e-324`, 2), Number.MAX_VALUE);
    assert.equal(await one(`Score mul (1e0 add 2.220446049250313e-16)`, 2), Number.POSITIVE_INFINITY);
    assert.equal(await one(`(Score div 3) mul 3`, 2), (Number.MAX_VALUE / 3) * 3);
    assert.equal(await one(`${largest} div (Score div Score)`, 2), Number.MAX_VALUE);
  });

  it('C2 random doubles: arithmetic as IEEE 754 has it, whatever the size', async () => {
    await assertIeee(feed, 60);
  });

  it('D4 operations nested in each other cost what they are, not a power of their depth', async () => {
    const nested = (operator: string, operand: string, depth: number): string =>
      depth === 0 ? operand : `(${nested(operator, operand, depth - 1)} ${operator} ${operand})`;
    assert.equal(await one(nested('add', 'Score', 39), 1), 60);
    let quotient = 1.5;
    for (let turn = 0; turn < 40; turn++) {
      quotient /= 1.5;
    }
    assert.equal(await one(nested('div', 'Score', 40), 1), quotient);
    assert.equal(await one(`totalseconds(${nested('add', 'Took', 39)})`, 3), 40);
    const casts = (depth: number): string =>
      depth === 0 ? 'Score' : `cast(cast(${casts(depth - 1)},Edm.Single),Edm.Int32)`;
    assert.equal(await one(casts(15), 1), 1);
    const parts = (depth: number): string => (depth === 0 ? "'abc'" : `substring(${parts(depth - 1)},Small)`);
    assert.equal(await one(parts(12), 3), 'abc');
  });

  it('C14 what leaves the years 1 to 9999 is null, as a value and in a condition', async () => {
    assert.equal(await one("CreatedAt add duration'P366D'", 2), null);
    assert.equal(await one("CreatedAt sub duration'PT0.000001S'", 1), null);
    assert.equal(await one("DueOn add duration'P1D'", 2), null);
    assert.equal(await one("DueOn sub duration'P1D'", 1), null);
    assert.equal(await one("CreatedAt sub duration'P366D'", 2), '9998-12-30 23:59:59.999999+00');
    assert.deepEqual(await idsOf("CreatedAt add duration'P366D' gt 2000-01-01T00:00:00Z"), [3]);
    assert.deepEqual(await idsOf("not (CreatedAt add duration'P366D' gt 9000-01-01T00:00:00Z)"), [1, 2, 3, 4, lastId]);
  });

  it('C14 durations longer than readers hold are null', async () => {
    assert.equal(await one('Took mul 2', 2), null);
    assert.equal(await one('Took add Took', 2), null);
    assert.equal(await one('Took div 0', 2), null);
    assert.equal(await one('Took mul NaN', 2), null);
    assert.equal(await one('Took mul 1e300', 2), null);
    assert.equal(await one('Took mul 1e-300', 2), 'PT0S');
    assert.equal(await one('Took div 2', 3), 'PT0.5S');
  });

  it('C16 a stored duration beyond every date makes null, not a failure', async () => {
    assert.equal(await one('year(now() add Took)', 2), null);
    assert.equal(await one('CreatedAt add Took', 2), null);
  });

  it('C17 integers: one row at the end of its type does not fail the others', async () => {
    assert.deepEqual(await idsOf('(Priority add 2) lt 5'), [1, 3]);
    assert.deepEqual(await idsOf('-Priority eq 2147483648'), [1]);
    assert.equal(await one('Priority add 1', 2), 2147483648);
    assert.equal(await one('Priority mul Priority', 1), 2 ** 62);
    assert.equal(await one('Priority div -1', 1), 2147483648);
    assert.deepEqual(await idsOf('Id add 1 eq 9223372036854775808'), [lastId]);
    assert.deepEqual(await idsOf('-Small eq 32768'), [1]);
  });

  it('C17 integers stay integers in the wider type: div has no fraction', async () => {
    const { text } = compiled('Cases?$filter=(Id add 1) div 2 eq 1');
    assert.match(text, /div\(/);
    assert.deepEqual(await idsOf('(Id add 1) div 2 eq 1'), [1, 2]);
    assert.deepEqual(await idsOf('(Id add 1) divby 2 eq 1.5'), [2]);
    assert.deepEqual(await idsOf('cast(Id,Edm.Decimal) div 2 eq 1.5'), [3]);
    assert.deepEqual(await idsOf('substring(Title,Id sub 1) eq null'), [1, 2, 3, 4, lastId]);
  });

  it('C15 digits beyond the microsecond are cut inside of functions, as everywhere', async () => {
    assert.equal(await one('date(2024-12-31T23:59:59.9999999Z)', 1), '2024-12-31');
    assert.equal(await one('hour(23:59:59.9999999)', 1), 23);
    assert.equal(await one('year(9999-12-31T23:59:59.9999999Z)', 1), 9999);
    assert.equal(await one("date(cast('2024-12-31T23:59:59.9999999Z',Edm.DateTimeOffset))", 1), '2024-12-31');
    assert.equal(await one("totalseconds(duration'PT0.9999999S')", 1), 0.999999);
    assert.deepEqual(await idsOf('time(CreatedAt) lt 00:00:00.0000001'), [1, 3]);
    assert.deepEqual(await idsOf('time(CreatedAt) eq 00:00:00.0000001'), []);
    assert.deepEqual(await idsOf("Took gt duration'-PT0.0000001S' and Took lt duration'PT0.0000001S'"), [1]);
  });

  it('C14 a Decimal beyond what readers hold is null where it is served', async () => {
    assert.deepEqual(
      [await one('Cost mul 2', 1), await one('Cost mul Cost', 2), await one('Cost mul 2', 3)],
      [null, null, 2e-28],
    );
    const rows = await feed.read(
      compiled('Cases?$apply=filter(Id le 2)/compute(Cost mul 2 as X)/aggregate(X with max as M)'),
    );
    assert.deepEqual(
      rows.map(({ row }) => row),
      [{ M: null }],
    );
    assert.deepEqual(await idsOf('Cost mul 2 gt 1'), [2]);
  });

  it('C14 a Decimal that no Double holds fails no row: too large is null as a Double, next to nothing is 0', async () => {
    const large = '(cast(1e308,Edm.Decimal) mul 1000)';
    const small = '(cast(1e-308,Edm.Decimal) mul 0.00000000000000000000000000001)';
    const digits = `0.${'0'.repeat(400)}1`;
    for (const [expression, expected] of [
      [`Took mul (Id mul ${large})`, null],
      [`Took div ${large}`, null],
      [`Took mul 1${'0'.repeat(400)}.5`, null],
      [`Took mul ${small}`, 'PT0S'],
      [`Took mul ${digits}`, 'PT0S'],
      [`Took divby ${small}`, null],
      [`${large} add Score`, null],
      [`${small} add Score`, 1.5],
      [`cast(${small},Edm.Double)`, 0],
      [`cast(${small},Edm.Single)`, 0],
      [`cast(Score,Edm.Single) add ${digits}`, 1.5],
    ] as const) {
      assert.equal(await one(expression, 1), expected, expression);
    }
    assert.deepEqual(await idsOf(`Score gt ${small} and Id lt 4`), [1, 2, 3]);
    assert.deepEqual(await idsOf(`cast(Score,Edm.Single) gt 0.${'0'.repeat(60)}1 and Id lt 4`), [1]);
    assert.deepEqual(await idsOf(`Score in (1.5,${small})`), [1]);
  });

  it('C14 a cast that fails is null: one number out of range does not fail the others', async () => {
    assert.equal(await one('cast(Score,Edm.Int32)', 2), null);
    assert.equal(await one('cast(Id,Edm.Int16)', 4), 4);
    assert.equal(await one('cast(Score,Edm.Decimal)', 4), null);
    assert.equal(await one('cast(Score,Edm.Single)', 2), null);
    assert.equal(await one('cast(Score,Edm.Single)', 4), Number.NaN);
    assert.equal(await one('cast(1e308,Edm.Single)', 1), null);
    assert.deepEqual(await idsOf('cast(Score,Edm.Single) lt 1e308 and Id lt 4'), [1, 3]);
    assert.equal(await one('cast(Score,Edm.Decimal)', 2), null);
    assert.deepEqual(await idsOf('cast(Score,Edm.Int32) eq null'), [2, 4, lastId]);
  });

  it('E3 a cast to text is the text that rows and keys have: durations with one sign, INF, microseconds', async () => {
    assert.match(compiled('Cases?$filter=cast(Took,Edm.String) eq null').text, /justify_hours\(-v\d+\.a\)/);
    assert.equal(await one('cast(Took,Edm.String)', lastId), '-P10675199D');
    assert.equal(await one("cast(Took sub duration'PT1M30.5S',Edm.String)", 1), '-PT1M30.5S');
    assert.equal(await one("cast(Took add duration'PT24H',Edm.String)", 3), 'P1DT1S');
    assert.equal(await one("cast(duration'PT25H0.0000019S',Edm.String)", 3), 'P1DT1H0.000001S');
    assert.equal(await one('cast(Score,Edm.String)', lastId), '-INF');
    assert.equal(await one('cast(Score div 0,Edm.String)', 1), 'INF');
    assert.equal(await one('cast(cast(Score,Edm.Single) div 0,Edm.String)', 1), 'INF');
    assert.equal(await one('cast(Score,Edm.String)', 4), 'NaN');
    assert.equal(await one('cast(INF,Edm.String)', 1), 'INF');
    assert.equal(await one('cast(1e22,Edm.String)', 1), '1e+22');
    assert.equal(await one('cast(23:59:59.9999999,Edm.String)', 1), '23:59:59.999999');
    assert.equal(await one('cast(23:50:00.0000001,Edm.String)', 1), '23:50:00');
    assert.equal(await one('cast(2024-12-31T23:59:59.9999999Z,Edm.String)', 1), '2024-12-31T23:59:59.999999Z');
    assert.equal(await one('cast(2024-12-31T00:00:00Z,Edm.String)', 1), '2024-12-31T00:00:00Z');
  });

  it('C16 no random expression over them is our fault, and no value is one that readers cannot read', async () => {
    await assertNoFault(feed, 120);
  });
});
