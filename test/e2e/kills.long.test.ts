import assert from 'node:assert/strict';
import { useDatabases } from '../support/postgres.ts';
import { useFolders } from './support/program.ts';
import { assertSame, finish, placeOf, resultOf, samplesIn, underKills } from './support/undisturbed.ts';

const mostKills = Number(process.env['KILLS'] ?? 200);

describe(`A drop folder under ${mostKills} kills`, function () {
  this.timeout(60 * 60_000);
  const folder = useFolders();
  const connect = useDatabases();

  for (const [what, packed, kills] of [
    ['plain files', false, Math.ceil(mostKills / 2)],
    ['files in .gz and .zip among others', true, Math.floor(mostKills / 2)],
  ] as const) {
    it(`ends with the tables and the ledger of an undisturbed run: ${what}`, async () => {
      const files = folder();
      await samplesIn(files, 4, packed);
      const expected = await finish(placeOf(folder(), { connectionString: await connect(), files }));
      const rows = [...expected.content.values()].flat().length;
      let done = 0;
      for (let seed = 5; done < kills; seed++) {
        const rough = placeOf(folder(), { connectionString: await connect(), files });
        const died = await underKills(rough, { most: kills - done, seed });
        assert.ok(died >= Math.min(kills - done, 5), `${died} kills`);
        done += died;
        assertSame(await finish(rough), expected);
        console.log(`      ${done} kills so far, ${expected.ledger.length} loads, ${rows} rows compared`);
      }
    });
  }

  it('would see a difference', async () => {
    const files = folder();
    await samplesIn(files, 1, false);
    const expected = await finish(placeOf(folder(), { connectionString: await connect(), files }));
    const place = placeOf(folder(), { connectionString: await connect(), files });
    await finish(place);
    const set = [...expected.content.keys()].find((name) => (expected.content.get(name)?.length ?? 0) > 0) ?? '';
    assert.throws(() => assertSame({ ...expected, content: new Map([[set, []]]) }, expected));
    assertSame(await resultOf(place), expected);
  });
});
