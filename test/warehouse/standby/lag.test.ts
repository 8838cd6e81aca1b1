import assert from 'node:assert/strict';
import { hostsOf } from '../../../src/warehouse/standby/host-list.ts';
import { logPosition, PrimaryPositions } from '../../../src/warehouse/standby/lag.ts';
import { isNoOlder } from '../../../src/warehouse/standby/set-versions.ts';

describe('standbys: the list of hosts', () => {
  const accepted: readonly (readonly [string, readonly string[]])[] = [
    ['postgres://one/feed', ['postgres://one/feed']],
    [
      'postgresql://me:a%40b@one:5432,two:5433/feed?sslmode=require&application_name=a,b',
      [
        'postgresql://me:a%40b@one:5432/feed?sslmode=require&application_name=a,b',
        'postgresql://me:a%40b@two:5433/feed?sslmode=require&application_name=a,b',
      ],
    ],
    ['postgres://[::1]:5432,%2Frun%2Fpg', ['postgres://[::1]:5432', 'postgres://%2Frun%2Fpg']],
  ];
  for (const [address, servers] of accepted) {
    it(address, () => assert.deepEqual(hostsOf(address), servers));
  }

  for (const address of [
    'postgres://',
    'postgres:///feed',
    'postgres://one,/feed',
    'postgres://,one/feed',
    'mysql://one',
  ]) {
    it(`${address} is none`, () => assert.equal(hostsOf(address), null));
  }
  it('of a port that is none neither', () => assert.equal(hostsOf('postgres://one:5432,two:port/feed'), null));
});

describe('standbys: how far one is behind', () => {
  it('is told by what the primary had when, whatever clocks of others say', () => {
    assert.equal(logPosition('16/B374D848'), 0x16b374d848n);
    const positions = new PrimaryPositions(10_000);
    assert.equal(positions.lagAt(1n), null, 'the primary has said nothing');
    positions.note(100n, 1000);
    positions.note(200n, 2000);
    positions.note(200n, 3000);
    positions.note(350n, 4000);
    assert.deepEqual(positions.lagAt(350n), { seconds: 0, bytes: 0 });
    assert.deepEqual(positions.lagAt(400n), { seconds: 0, bytes: 0 });
    assert.deepEqual(positions.lagAt(349n), { seconds: 1, bytes: 1 });
    assert.deepEqual(positions.lagAt(199n), { seconds: 3, bytes: 151 });
    assert.deepEqual(positions.lagAt(99n), { seconds: Number.POSITIVE_INFINITY, bytes: 251 });
  });

  it('is longer than anybody has watched where that was too long ago', () => {
    const positions = new PrimaryPositions(10_000);
    positions.note(100n, 0);
    positions.note(200n, 10_001);
    assert.equal(positions.lagAt(100n)?.seconds, Number.POSITIVE_INFINITY);
  });
});

describe('standbys: whether nothing is missing that was seen', () => {
  const versions = (...of: readonly (readonly [string, string])[]) => new Map(of);
  const seen = versions(['A', '2/x'], ['B', '9/y']);
  it('is so for the same versions, and for newer ones of the same history', () => {
    assert.ok(isNoOlder(seen, seen));
    assert.ok(isNoOlder(versions(['A', '10/x'], ['B', '9/y'], ['C', '1/z']), seen));
    assert.ok(isNoOlder(versions(), versions()));
  });
  it('is not so for an older one, another history, or a set that is not there', () => {
    assert.ok(!isNoOlder(versions(['A', '1/x'], ['B', '9/y']), seen));
    assert.ok(!isNoOlder(versions(['A', '2/x'], ['B', '10/z']), seen));
    assert.ok(!isNoOlder(versions(['A', '2/x']), seen));
  });
});
