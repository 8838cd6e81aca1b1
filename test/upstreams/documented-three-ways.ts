import assert from 'node:assert/strict';
import type { EntitySet } from '../../src/edm/model.ts';
import type { SampleRow } from '../../src/sandbox/sample-rows.ts';
import { documented, type Samples, sorted } from './aspnet/round-trip.ts';
import { comparable, type ServedRow, type ThreeWays, type Way, ways } from './three-ways.ts';

const inOrder = (rows: readonly ServedRow[], { entityType }: EntitySet): readonly ServedRow[] =>
  sorted(rows.map(comparable), entityType.key);

const setOf = (name: string): EntitySet => documented.model.entitySets.get(name) ?? assert.fail(name);

/** Every row of every set with the values that the feed has, each way; what is archived is nowhere marked as purged. */
export async function everyRow(gateways: ThreeWays, samples: Samples, through: readonly Way[] = ways): Promise<void> {
  for (const [name, rows] of samples) {
    const expected = inOrder(rows, setOf(name));
    for (const way of through) {
      const served = await gateways.rows(way, name);
      assert.deepEqual(inOrder(served, setOf(name)), expected, `${way} ${name}`);
      assert.deepEqual(
        served.filter(({ PurgedAt }) => PurgedAt !== (way === 'proxy' ? undefined : null)),
        [],
        `${way} ${name}`,
      );
    }
  }
}

/** Some requests of each set, each of which has to give the same in all ways, and how many rows these have had. */
export async function everyShape(gateways: ThreeWays, samples: Samples): Promise<number> {
  let found = 0;
  for (const [name, rows] of samples) {
    const set = setOf(name);
    for (const query of shapesOf(set, rows)) {
      const [proxied, ...others] = await Promise.all(ways.map((way) => gateways.rows(way, query)));
      const expected = inOrder(proxied ?? [], set);
      found += expected.length;
      for (const [at, other] of others.entries()) {
        assert.deepEqual(inOrder(other, set), expected, `${ways[at + 1]} ${query}`);
      }
    }
    const key = keyOf(set, rows.at(-2) ?? assert.fail(name));
    for (const way of ways) {
      assert.equal(await gateways.text(way, `${name}/$count`), String(rows.length), `${way} ${name}`);
      const { '@odata.context': _, ...row } = JSON.parse(await gateways.text(way, `${name}(${key})`)) as ServedRow;
      assert.deepEqual(comparable(row), comparable(rows.at(-2) ?? {}), `${way} ${name}(${key})`);
    }
  }
  return found;
}

function shapesOf({ name, entityType, navigationPropertyBindings }: EntitySet, rows: readonly SampleRow[]): string[] {
  const { key, properties, navigationProperties } = entityType;
  const order = `$orderby=${key.join()}`;
  const shapes = [
    `${name}?$filter=${keyOf({ entityType }, rows.at(-3) ?? {})
      .replaceAll('=', ' eq ')
      .replaceAll(',', ' and ')}`,
    `${name}?${order}&$skip=3&$top=7&$select=${key.join()}`,
    `${name}?$apply=aggregate($count as n)`,
  ];
  const plain = [...properties.values()].filter((one) => !one.collection && !key.includes(one.name));
  const time = plain.find((one) => one.type === 'Edm.DateTimeOffset');
  const text = plain.find((one) => one.type === 'Edm.String');
  const flag = plain.find((one) => one.type === 'Edm.Boolean');
  const number = plain.find((one) => one.type === 'Edm.Int32' || one.type === 'Edm.Int64');
  if (time !== undefined) {
    shapes.push(
      `${name}?$filter=${time.name} ge 2026-01-05T09:00:00Z and ${time.name} lt 2026-01-05T14:30:00Z`,
      `${name}?$orderby=${time.name} desc,${key.join()}&$top=5`,
    );
  }
  if (text !== undefined) {
    const literal = String(rows.find((row) => row[text.name] !== null)?.[text.name] ?? '').replaceAll("'", "''");
    shapes.push(
      `${name}?$filter=${text.name} ne '${encodeURIComponent(literal)}'`,
      `${name}?$apply=groupby((${text.name}),aggregate($count as n))&$orderby=${text.name}`,
    );
  }
  if (flag !== undefined) {
    shapes.push(`${name}?$filter=not ${flag.name}`, `${name}?$filter=${flag.name} eq null`);
  }
  if (number !== undefined) {
    shapes.push(`${name}?$filter=not (${number.name} gt 400)`, `${name}?$filter=${number.name} in (1,7,null)`);
  }
  for (const { name: navigation, collection } of navigationProperties.values()) {
    const target = documented.model.entitySets.get(navigationPropertyBindings.get(navigation) ?? '');
    const nested = target === undefined || !collection ? '' : `($orderby=${target.entityType.key.join()})`;
    shapes.push(`${name}?${order}&$top=12&$expand=${navigation}${nested}`);
  }
  return shapes;
}

function keyOf({ entityType }: Pick<EntitySet, 'entityType'>, row: SampleRow): string {
  const { key, properties } = entityType;
  return key
    .map((name) => {
      const text = encodeURIComponent(String(row[name]));
      return `${name}=${properties.get(name)?.type === 'Edm.String' ? `'${text}'` : text}`;
    })
    .join();
}
