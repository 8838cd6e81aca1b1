import assert from 'node:assert/strict';
import { AgedFindings } from '../../src/upstream/trials/aged-findings.ts';

interface Tide {
  readonly height: 'high' | 'low';
}

describe('findings with an age', () => {
  function tides(most = 10) {
    const told = { at: 1000, changes: 0 };
    const onChange = () => {
      told.changes += 1;
    };
    const found = new AgedFindings<Tide>(
      {
        longest: ({ height }) => (height === 'high' ? 100 : 10),
        isForAll: ({ height }) => height === 'high',
        understood: ({ height }) => (height === 'high' || height === 'low' ? { height } : null),
        most,
      },
      { now: () => told.at, onChange },
    );
    return { found, told };
  }

  it('are over after a time of their own, and kept all the same; a clock that was set back counts, too', () => {
    const { found, told } = tides();
    found.note('a', { height: 'high' }, undefined);
    found.note('b', { height: 'low' }, undefined);
    told.at += 50;
    assert.deepEqual(found.get('a', undefined), { height: 'high', at: 1000, isOver: false });
    assert.deepEqual(found.get('b', undefined), { height: 'low', at: 1000, isOver: true });
    assert.deepEqual(found.current(), [['a', { height: 'high', at: 1000 }]]);
    told.at = 800;
    assert.equal(found.get('a', undefined)?.isOver, true);
    assert.equal(told.changes, 2);
  });

  it('hold for all, or for the one with whose token they were found out until all know better', () => {
    const { found, told } = tides();
    found.note('a', { height: 'low' }, 'somebody');
    assert.equal(found.get('a', undefined), undefined);
    assert.equal(found.get('a', 'else'), undefined);
    assert.equal(found.get('a', 'somebody')?.height, 'low');
    told.at += 1;
    found.note('a', { height: 'high' }, 'else');
    assert.equal(found.get('a', undefined)?.height, 'high');
    assert.equal(found.get('a', 'somebody')?.height, 'high');
  });

  it('outlive a restart where they hold for all and are understood, those asked for last', () => {
    const { found } = tides(2);
    found.note('a', { height: 'high' }, undefined);
    found.note('b', { height: 'low' }, 'somebody');
    found.note('c', { height: 'low' }, undefined);
    const kept = found.kept();
    assert.deepEqual(kept, [
      ['c', { height: 'low', at: 1000 }],
      ['a', { height: 'high', at: 1000 }],
    ]);
    const { found: next, told } = tides(2);
    next.restore([...(kept as unknown[]), ['d', { height: 'dry', at: 1 }], ['e', { height: 'low' }], 'f']);
    assert.deepEqual(next.kept(), kept);
    assert.equal(told.changes, 0);
    next.note('g', { height: 'high' }, undefined);
    assert.deepEqual(
      next
        .current()
        .map(([name]) => name)
        .sort(),
      ['c', 'g'],
    );
    next.clear();
    assert.deepEqual(next.kept(), []);
  });
});
