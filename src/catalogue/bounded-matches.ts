import { createContext, Script } from 'node:vm';
import type { Matches } from './compile/schema/pattern-cost.ts';

/** Milliseconds that one pattern may take for all of its texts; a sound one takes microseconds. */
export const patternPatience = 2000;

/** A context costs half a megabyte, and there are hundreds of patterns: all have one. */
const given = { pattern: '', texts: [] as readonly string[] };
let context: object | null = null;
const script = new Script('texts.map((text) => new RegExp(pattern, "iu").test(text))');

/**
 * Whether each text matches, or null where a pattern does not end within `patience`: its engine goes back and forth, twice as
 * long for each further character. Only the engine's own time limit can stop it.
 */
export const matchesWithin =
  (patience: number): Matches =>
  (pattern, texts) => {
    try {
      context ??= createContext(given);
      Object.assign(given, { pattern, texts });
      const found: unknown = script.runInContext(context, { timeout: patience });
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

export const boundedMatches = matchesWithin(patternPatience);
