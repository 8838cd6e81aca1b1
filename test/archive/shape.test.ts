import assert from 'node:assert/strict';
import { shapedSet, shapeOf } from '../../src/archive/shape.ts';
import { entitySet, entityType, property } from '../edm/small-model.ts';

/** As PostgreSQL gives JSON back: with its members in another order. */
const turned = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    return value.map(turned);
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([name, one]) => [name, turned(one)]),
      )
    : value;
};

describe('the type of an archived set in the ledger', () => {
  it('comes back as it was, whatever order the database gives its parts', () => {
    const enumeration = {
      name: 'Their.Media',
      flags: true,
      members: new Map([
        ['Voice', 1n],
        ['Chat', 1n << 62n],
      ] as const),
    };
    const set = entitySet(
      'FarThings',
      entityType(
        'FarThing',
        ['id'],
        [
          property('id', 'Edm.String', { nullable: false, maxLength: 36, personalData: 'pseudonym' }),
          property('cost', 'Edm.Decimal', { precision: 20, scale: 4, description: 'What it cost.' }),
          property('share', 'Edm.Decimal', { scale: 'variable' }),
          property('tags', 'Edm.String', { collection: true, nullable: false }),
          property('media', 'Edm.String', { enumeration }),
        ],
      ),
    );
    const stored = turned(JSON.parse(JSON.stringify(shapeOf(set))));
    const back = shapedSet('FarThings', stored, null);
    assert.equal(JSON.stringify(shapeOf(back)), JSON.stringify(shapeOf(set)));
    assert.deepEqual(back.entityType.properties.get('media')?.enumeration?.members, enumeration.members);
    assert.deepEqual([...back.entityType.properties.keys()], [...set.entityType.properties.keys()]);
  });
});
