import assert from 'node:assert/strict';
import { everyone, ofRequest } from '../../src/observation/observe.ts';

describe('Listeners', () => {
  it('are told all events, each in the same order', () => {
    const [first, second]: [number[], number[]] = [[], []];
    const observe = everyone<number>(
      (one) => first.push(one),
      (one) => second.push(one),
    );
    [1, 2, 3].forEach(observe);
    assert.deepEqual(
      [first, second],
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
    );
  });

  it('are told which request an event belongs to', () => {
    const told: object[] = [];
    const observe = ofRequest<{ readonly event: string; readonly id?: string }>((one) => told.push(one), 'r1');
    observe({ event: 'statement' });
    assert.deepEqual(told, [{ event: 'statement', id: 'r1' }]);
  });
});
