import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks until the answer is true. `patience`, in milliseconds, is more than the busiest machine needs and less than mocha's
 * limit, so that what was waited for is named.
 */
export async function until(what: string, ask: () => boolean | Promise<boolean>, patience = 240_000): Promise<void> {
  for (const end = Date.now() + patience; !(await ask()); await pause(20)) {
    assert.ok(Date.now() < end, `waited ${patience} ms in vain until ${what}`);
  }
}
