import type { BoundExpression } from '../../model/read-plan.ts';
import { parsePattern } from '../../pattern/parse-pattern.ts';
import { costOf, kindsOfCharacters, type Pattern, PatternFault } from '../../pattern/pattern.ts';
import { checkLimit } from '../limits.ts';
import { fault, notImplemented, type Scope } from '../scope.ts';

/**
 * The second argument of `matchesPattern` (4.01 URL Conventions 5.1.1.7.1): a regular expression that is understood and
 * within the limits, known before any row is read.
 * @throws GatewayError `InvalidOption` for what is no regular expression, `NotImplemented` for constructs that are not done
 * and for a pattern that each row would have its own of, `LimitExceeded`
 */
export function checkPattern(pattern: BoundExpression | undefined, scope: Scope, at: number): void {
  if (pattern?.kind !== 'Constant') {
    const message = 'matchesPattern takes its pattern as a text or a parameter alias, not from each row.';
    throw notImplemented(scope, 'patterns', message, at);
  }
  if (pattern.value === null) {
    return;
  }
  const { limits } = scope.binding.context;
  checkLimit([...pattern.value].length, limits.patternLength, 'a pattern with too many characters');
  const tree = parsed(pattern.value, scope, at);
  const { size, optional } = costOf(tree);
  checkLimit(size, limits.patternSize, 'a pattern that is too large when its repeats are written out');
  checkLimit(optional, limits.patternOptions, 'a pattern with too many optional parts, repeats written out');
  const work = optional * optional * kindsOfCharacters(tree);
  checkLimit(work, limits.patternWork, 'a pattern with too many different sets of characters in optional parts');
}

function parsed(pattern: string, scope: Scope, at: number): Pattern {
  try {
    return parsePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternFault)) {
      throw error;
    }
    if (error.code === 'NotImplemented') {
      throw notImplemented(scope, 'patterns', `in the pattern '${shown(pattern)}' ${error.message}.`, at);
    }
    throw fault(scope, error.code, `in the pattern '${shown(pattern)}' ${error.message}.`, at);
  }
}

const shown = (pattern: string): string => (pattern.length > 60 ? `${pattern.slice(0, 60)}...` : pattern);
