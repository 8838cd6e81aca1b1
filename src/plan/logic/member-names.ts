import type { Enumeration } from '../../edm/model.ts';
import type { BoundExpression, Constant } from '../model/read-plan.ts';
import type { PlanMapper } from '../model/walk.ts';

/**
 * Literals beside properties of enumerations become the text that feeds serve for them, so that rows which are compared as texts are found
 * by a member's number and by flags in any order, as they are at the feed: `'0'` is the member of that value, `'Chat,Voice'` is `Voice, Chat`.
 */
export const namedMembers: PlanMapper = {
  expression: (node, inside) => {
    const mapped = inside(node);
    if (mapped.kind === 'In') {
      const items = mapped.items.map((item) => named(item, mapped.operand));
      return items.every((item, place) => item === mapped.items[place]) ? mapped : { ...mapped, items };
    }
    if (mapped.kind !== 'Comparison') {
      return mapped;
    }
    const [left, right] = [named(mapped.left, mapped.right), named(mapped.right, mapped.left)];
    return left === mapped.left && right === mapped.right ? mapped : { ...mapped, left, right };
  },
};

function named(operand: BoundExpression, beside: BoundExpression): BoundExpression {
  if (operand.kind !== 'Constant' || beside.kind !== 'PropertyValue' || beside.property.enumeration === undefined) {
    return operand;
  }
  if (operand.type !== 'Edm.String' || operand.value === null) {
    return operand;
  }
  const value = memberText(beside.property.enumeration, operand.value);
  return value === operand.value ? operand : ({ ...operand, value } satisfies Constant);
}

/** The text that is served for a value; the text itself where it is none. */
export function memberText({ members, flags }: Enumeration, text: string): string {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > 1 && !flags) {
    return text;
  }
  let bits = 0n;
  for (const part of parts) {
    const value = members.get(part) ?? (/^[+-]?\d{1,19}$/.test(part) ? BigInt(part) : null);
    if (value === null) {
      return text;
    }
    bits |= value;
  }
  const whole = [...members].find(([, value]) => value === bits);
  if (whole !== undefined) {
    return parts.length === 1 && members.get(parts[0] ?? '') === bits ? (parts[0] ?? '') : whole[0];
  }
  const single = [...members].filter(
    ([, value]) => value !== 0n && (bits & value) === value && (value & (value - 1n)) === 0n,
  );
  const covered = single.reduce((sum, [, value]) => sum | value, 0n);
  return flags && covered === bits
    ? single
        .sort(([, a], [, b]) => (a < b ? -1 : 1))
        .map(([name]) => name)
        .join(', ')
    : text;
}
