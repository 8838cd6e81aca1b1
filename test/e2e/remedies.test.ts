import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type ErrorCode, errorCatalogue } from '../../src/error-catalogue.ts';
import { rejectCodes } from '../../src/ingest/csv/reject-codes.ts';
import { elsewhere, errorScenarios } from './remedies/errors.ts';
import { type RejectScenario, rejectScenarios } from './remedies/rejects.ts';
import { type SetFile, World } from './remedies/world.ts';

const document = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
/** The remedies of docs/errors.md by code, of errors and of rejected rows. */
const remedies = new Map(
  document
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => [(cells[1] ?? '').replaceAll('`', ''), cells.at(-3) ?? ''] as const),
);
/** A command of the gateway, an option of one, or a setting. */
const saysWhatToType =
  /gateway (?:serve|ingest|inspect|status|migrate|check|sample|replay|rebuild|erase|prune|hash-password)\b|--[a-z]|\b(?:PORT|HOST|[A-Z]+_[A-Z]+)\b/;

describe('B2 each remedy of docs/errors.md works as it is printed', () => {
  let world: World;
  before(async () => {
    world = await World.open();
  });
  after(() => world.close());
  beforeEach(() => world.begin());

  it('there is a scenario for each that says what to type', () => {
    const codes = Object.keys(errorCatalogue) as ErrorCode[];
    assert.ok(codes.every((code) => remedies.has(code)));
    const untried = codes.filter(
      (code) => saysWhatToType.test(remedies.get(code) ?? '') && !(code in errorScenarios) && !(code in elsewhere),
    );
    assert.deepEqual(untried, [], 'put them into test/e2e/remedies/errors.ts');
    const rejects = Object.keys(rejectCodes).filter((code) => !(code in rejectScenarios));
    assert.deepEqual(rejects, [], 'put them into test/e2e/remedies/rejects.ts');
  });

  for (const [code, file] of Object.entries(elsewhere)) {
    it(`${code}: in ${file}`, () => {
      assert.match(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'), new RegExp(code));
    });
  }

  for (const [code, scenario] of Object.entries(errorScenarios)) {
    it(`${code}: ${remedies.get(code)}`, () => scenario(world));
  }

  for (const [code, scenarios] of Object.entries(rejectScenarios)) {
    for (const scenario of scenarios) {
      it(`${code}: ${remedies.get(code)} (${scenario.row === undefined ? 'in the metadata' : 'in the file'})`, () =>
        carryOut(world, code, scenario));
    }
  }
});

async function carryOut(world: World, code: string, scenario: RejectScenario): Promise<void> {
  const { cell = {}, key = { type: 'Int64' }, bad, row, rejected = 1 } = scenario;
  const set = (corrected: Partial<RejectScenario>): SetFile => ({
    set: 'Orders',
    files: [{ name: '^orders', example: 'orders.csv' }],
    key: ['OrderId'],
    ...(corrected.fileDefaults === undefined ? {} : { fileDefaults: corrected.fileDefaults }),
    properties: { OrderId: { header: 'Id', ...key }, Cell: { ...cell, ...corrected.metadata }, Other: {} },
  });
  const file = (rows: string | Buffer): Buffer =>
    Buffer.concat([
      Buffer.from('Id,Cell,Other\n'),
      Buffer.from(rows),
      Buffer.from(`\n8,${good(cell)},\n9,${good(cell)},\n`),
    ]);
  const open = (): Promise<readonly string[]> =>
    world.rows(`SELECT code FROM gateway.reject WHERE state = 'open' ORDER BY reject_id`);
  const rows = async (): Promise<number> => Number((await world.rows(`SELECT count(*) FROM feed."AcmeOrders"`))[0]);
  world.metadata('orders', set({}));
  const loaded = await world.run(`gateway ingest ${world.file('orders.csv', file(bad))}`);
  assert.equal(loaded.code, 2, loaded.output);
  const found = await open();
  assert.equal(found.length, rejected, found.join());
  assert.ok(found.includes(code), found.join());
  const before = await rows();
  if (row !== undefined) {
    await world.works(`gateway ingest ${world.file('orders-corrected.csv', file(row), 1)}`);
    assert.ok((await rows()) > before);
    return;
  }
  world.metadata('orders', set(scenario));
  if (scenario.rebuild === true) {
    const output = await world.fails('ProvisionRefused', 'gateway replay');
    await world.works(/^ {2}(gateway rebuild .*)$/m.exec(output)?.[1] ?? '');
  } else {
    await world.works('gateway replay');
  }
  assert.equal(await rows(), before + rejected);
  assert.deepEqual(await open(), []);
}

/** A cell that the property takes. */
function good(cell: Readonly<Record<string, unknown>>): string {
  return cell['nullable'] === false ? 'good' : '';
}
