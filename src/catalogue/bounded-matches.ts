import { runInNewContext } from 'node:vm';
import type { Matches } from './compile/pattern-cost.ts';

/** Milliseconds that one pattern may take for all of its texts; a sound one takes microseconds. */
const patience = 2000;

/**
 * Whether each text matches, or null where a pattern does not end: its engine goes back and forth, twice as long for each
 * further character. Only the engine's own time limit can stop it.
 */
export const boundedMatches: Matches = (pattern, texts) => {
  try {
    const found: unknown = runInNewContext(
      'texts.map((text) => new RegExp(pattern, "iu").test(text))',
      { pattern, texts },
      { timeout: patience },
    );
    return Array.isArray(found) ? found.map(Boolean) : null;
  } catch (error) {
    // An error of the other context is no Error of this one.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
    if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      return null;
    }
    throw error;
  }
};
