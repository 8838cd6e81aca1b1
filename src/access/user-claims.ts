import { GatewayError } from '../errors.ts';
import type { Expression, LiteralType } from '../uri/syntax.ts';

/** How a claim is read where a condition speaks of it. */
export type ClaimType = 'string' | 'number' | 'boolean' | 'guid' | 'date' | 'dateTimeOffset';

/** A claim that a condition speaks of. */
export interface NamedClaim {
  /** The alias that stands for it in the text. */
  readonly alias: string;
  readonly name: string;
  /** After `in`: a list is wanted. */
  readonly list: boolean;
}

/** A condition with an alias in place of each `$user/claim`. */
export interface ConditionText {
  readonly text: string;
  readonly claims: readonly NamedClaim[];
}

const parts = /'(?:[^']|'')*'|(\bin\s+)?\$user\/([A-Za-z_]\w*)/g;

/**
 * Takes the `$user/claim`s out of a condition; texts in quotes stay as they are.
 * @throws GatewayError GrantInvalid for an alias, which would be null
 */
export function withoutUser(condition: string): ConditionText {
  const [, alias] = /^(?:[^'@]|'(?:[^']|'')*')*(@\w*)/.exec(condition) ?? [];
  if (alias !== undefined) {
    throw new GatewayError(
      'GrantInvalid',
      `In a condition ${alias} stands for nothing: write $user/ and the name of a claim.`,
    );
  }
  const claims = new Map<string, NamedClaim>();
  const text = condition.replace(parts, (whole: string, before: string | undefined, name: string | undefined) => {
    if (name === undefined) {
      return whole;
    }
    const list = before !== undefined;
    const alias = `user_${list ? 'list_' : ''}${name}`;
    claims.set(alias, { alias, name, list });
    return `${before ?? ''}@${alias}`;
  });
  return { text, claims: [...claims.values()] };
}

/** Types in the order in which they are tried, each with a value that any place of its type takes. Days go first: a day is compared with moments, too. */
export const probes: Readonly<Record<ClaimType, string>> = {
  string: 'x',
  number: '0',
  boolean: 'true',
  guid: '00000000-0000-0000-0000-000000000000',
  date: '2000-01-01',
  dateTimeOffset: '2000-01-01T00:00:00Z',
};

/** A value of a type as the expression that a literal of it would be. */
export function literalOf(type: ClaimType, text: string): Expression {
  const literal: LiteralType = type === 'number' ? (/^-?\d+$/.test(text) ? 'integer' : 'decimal') : type;
  return { kind: 'Literal', at: 0, type: literal, text };
}

export const listOf = (items: readonly Expression[]): Expression => ({ kind: 'List', at: 0, items });

const forms: Readonly<Record<ClaimType, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && /^-?\d+(\.\d+)?$/.test(String(value)),
  boolean: (value) => typeof value === 'boolean',
  guid: (value) => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
  date: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value),
  dateTimeOffset: (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,12})?)?(Z|[+-]\d\d:\d\d)$/.test(value),
};

/**
 * A claim as the expression that its alias stands for; null: it is missing, or of another type than its place wants. An
 * empty list is as good as none, and so is one with anything else among its values. Values are in one order, so that equal
 * claims make equal conditions.
 */
export function claimExpression(value: unknown, type: ClaimType, list: boolean): Expression | null {
  const fits = forms[type];
  if (!list) {
    return fits(value) ? literalOf(type, String(value)) : null;
  }
  if (!Array.isArray(value) || value.length === 0 || !value.every(fits)) {
    return null;
  }
  const texts = [...new Set(value.map(String))].sort();
  return listOf(texts.map((text) => literalOf(type, text)));
}

/** Claims in one condition that types are found for. */
const mostClaims = 4;

/**
 * The types that the places of a condition's claims want: the first under which the condition can be bound.
 * @throws what binding throws where there are none
 */
export function claimTypes(
  { claims }: ConditionText,
  bind: (aliases: ReadonlyMap<string, Expression>) => void,
): ReadonlyMap<string, ClaimType> {
  if (claims.length > mostClaims) {
    throw new GatewayError('GrantInvalid', `A condition speaks of at most ${mostClaims} claims.`);
  }
  let first: unknown = null;
  for (const types of combinations(claims.length)) {
    const aliases = claims.map(({ alias, list }, at): [string, Expression] => {
      const type = types[at] ?? 'string';
      const literal = literalOf(type, probes[type]);
      return [alias, list ? listOf([literal]) : literal];
    });
    try {
      bind(new Map(aliases));
      return new Map(claims.map(({ alias }, at) => [alias, types[at] ?? 'string']));
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        throw error;
      }
      first ??= error;
    }
  }
  throw first;
}

function combinations(length: number): readonly (readonly ClaimType[])[] {
  const types = Object.keys(probes) as readonly ClaimType[];
  return length === 0 ? [[]] : combinations(length - 1).flatMap((rest) => types.map((type) => [type, ...rest]));
}
