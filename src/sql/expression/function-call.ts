import type { BoundExpression, FunctionName } from '../../plan/model/read-plan.ts';
import { parsePattern } from '../../plan/pattern/parse-pattern.ts';
import { escapeText, integerLiteral } from '../literal.ts';
import type { Scope } from '../scope.ts';
import { isFloat, sqlType } from '../sql-type.ts';
import { bareValue, byCodePoint } from './expression.ts';
import { advancedRegularExpression } from './pattern.ts';

type Call = Extract<BoundExpression, { kind: 'Function' }>;
type Writer = (call: Call, args: readonly string[], scope: Scope) => string;

/** The white space that `trim` removes: Unicode's White_Space, as PostgreSQL escapes. */
const whiteSpace =
  "E' \\t\\n\\u000b\\f\\r\\u0085\\u00a0\\u1680\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\\u2007\\u2008\\u2009\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff'";

/** A column, as it stands in SQL. */
const column = /^(?:\w+\.)?"(?:[^"]|"")+"$/;

/**
 * Letters change case by Unicode's root rules whatever the database's locale is. PostgreSQL converts the text for that and back; in one of ASCII alone, which has as
 * many characters as bytes, its own rule does the same in a fifth of the time. Of a column alone: other arguments would be written several times.
 */
function inCase(change: 'lower' | 'upper', sql: string): string {
  const inUnicode = byCodePoint(`${change}((${sql}) COLLATE "und-x-icu")`);
  if (!column.test(sql)) {
    return inUnicode;
  }
  const inAscii = byCodePoint(`${change}((${sql}) COLLATE "C")`);
  return `(CASE WHEN octet_length(${sql}) = char_length(${sql}) THEN ${inAscii} ELSE ${inUnicode} END)`;
}

const writers: Record<FunctionName, Writer> = {
  concat: (_, [a, b]) => byCodePoint(`${a} || ${b}`),
  contains: (_, [a, b]) => `(strpos(${a}, ${b}) > 0)`,
  startswith: (_, [a, b]) => `starts_with(${a}, ${b})`,
  endswith: (_, [a, b]) => `starts_with(reverse(${a}), reverse(${b}))`,
  indexof: (_, [a, b]) => `(strpos(${a}, ${b}) - 1)`,
  length: (_, [a]) => `char_length(${a})`,
  substring: (call, args, scope) => byCodePoint(substring(call, args, scope)),
  matchesPattern: (call, [a]) => matches(call, `${a}`),
  tolower: (_, [a]) => inCase('lower', `${a}`),
  toupper: (_, [a]) => inCase('upper', `${a}`),
  trim: (_, [a]) => byCodePoint(`btrim(${a}, ${whiteSpace})`),
  year: (call, [a]) => part('year', call, `${a}`),
  month: (call, [a]) => part('month', call, `${a}`),
  day: (call, [a]) => part('day', call, `${a}`),
  hour: (call, [a]) => part('hour', call, `${a}`),
  minute: (call, [a]) => part('minute', call, `${a}`),
  second: (call, [a]) => `floor(extract(second FROM ${inUtc(call, `${a}`)}))::integer`,
  fractionalseconds: (call, [a]) => `mod(extract(second FROM ${inUtc(call, `${a}`)}), 1)`,
  date: (call, [a]) => `(${inUtc(call, `${a}`)})::date`,
  time: (call, [a]) => `(${inUtc(call, `${a}`)})::time`,
  totaloffsetminutes: (_, [a]) => `(CASE WHEN ${a} IS NOT NULL THEN 0 END)`,
  totalseconds: (_, [a]) => `extract(epoch FROM ${a})`,
  now: (_, [a]) => a ?? 'now()',
  mindatetime: () => "'0001-01-01T00:00:00Z'::timestamptz",
  maxdatetime: () => "'9999-12-31T23:59:59.999999Z'::timestamptz",
  round: (call, [a]) => (isFloat(call.type) ? `round((${a})::text::numeric)::${sqlType(call.type)}` : `round(${a})`),
  floor: (_, [a]) => `floor(${a})`,
  ceiling: (_, [a]) => `ceiling(${a})`,
};

/**
 * A canonical function. Parts of a date-time are those in UTC; `round` goes away from zero at .5 (doubles through their
 * shortest decimal text, which is exact there); positions and lengths count characters. Every argument but a column is written once,
 * so that the text grows with the expression and not faster.
 */
export function call(expression: Call, scope: Scope): string {
  const args = expression.args.map((argument) => bareValue(argument, scope));
  return writers[expression.name](expression, args, scope);
}

/** The binder has checked the pattern. A null pattern gives null, as a null text does. */
function matches({ args: [, pattern] }: Call, text: string): string {
  if (pattern?.kind !== 'Constant' || pattern.value === null) {
    return 'NULL::boolean';
  }
  const expression = escapeText(advancedRegularExpression(parsePattern(pattern.value)));
  return `(${text} ~ ${expression} COLLATE "C")`;
}

function inUtc(call: Call, sql: string): string {
  return call.args[0]?.type === 'Edm.DateTimeOffset' ? `(${sql} AT TIME ZONE 'UTC')` : sql;
}

function part(field: string, call: Call, sql: string): string {
  return `extract(${field} FROM ${inUtc(call, sql)})::integer`;
}

/** 0-based; a negative start counts from the end (4.01); a negative length is none. */
function substring(call: Call, [text, start, length]: readonly string[], scope: Scope): string {
  const [, startNode, lengthNode] = call.args;
  const from = wholeConstant(startNode);
  const count = lengthNode === undefined ? undefined : wholeConstant(lengthNode);
  if (from === undefined || (lengthNode !== undefined && count === undefined)) {
    return substringOfRow([text, start, length], scope);
  }
  const size = count === undefined ? undefined : integerLiteral(Math.max(count, 0));
  if (from >= 0) {
    return `substr(${text}, ${integerLiteral(from + 1)}${size === undefined ? '' : `, ${size}`})`;
  }
  const tail = `right(${text}, ${integerLiteral(-from)})`;
  return size === undefined ? tail : `left(${tail}, ${size})`;
}

function substringOfRow([text, start, length]: readonly (string | undefined)[], scope: Scope): string {
  const row = scope.aliases.next('v');
  const from = `CASE WHEN ${row}.s < 0 THEN greatest(char_length(${row}.t) + ${row}.s, 0) ELSE ${row}.s END`;
  const limited = (sql: string): string => `least(${sql}, 1000000000)::integer`;
  const count =
    length === undefined ? '' : `, CASE WHEN ${row}.n < 0 THEN 0 WHEN ${row}.n >= 0 THEN ${limited(`${row}.n`)} END`;
  const values = [`${text}`, `(${start})::bigint`, ...(length === undefined ? [] : [`(${length})::bigint`])];
  const named = values.map((value, at) => `${value} AS ${['t', 's', 'n'][at]}`).join(', ');
  return `(SELECT substr(${row}.t, CASE WHEN ${row}.s IS NOT NULL THEN ${limited(`${from}`)} END + 1${count}) FROM (SELECT ${named} OFFSET 0) AS ${row})`;
}

function wholeConstant(node: BoundExpression | undefined): number | undefined {
  if (node?.kind !== 'Constant' || node.value === null || !/^-?\d{1,9}$/.test(node.value)) {
    return undefined;
  }
  return Number(node.value);
}
