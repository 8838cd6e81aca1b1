import { mIdentifier, mText } from '../../connect/m-text.ts';
import { type Column, kindOf } from '../feed/model.ts';
import { momentOf } from '../text/zone.ts';

export const operators = ['eq', 'ne', 'contains', 'startswith', 'ge', 'le', 'empty', 'filled'] as const;
export type Operator = (typeof operators)[number];

/** A condition on one column. Times are on the clocks of the reporting zone. */
export interface Condition {
  readonly column: string;
  readonly operator: Operator;
  /** Not looked at for `empty` and `filled`. */
  readonly value: string;
}

/** What may be asked of a column, and how people call it. */
export function operatorsFor(column: Column): readonly (readonly [Operator, string])[] {
  const empty = [
    ['empty', 'is empty'],
    ['filled', 'is not empty'],
  ] as const;
  switch (kindOf(column)) {
    case 'text':
      return [['eq', 'is'], ['ne', 'is not'], ['contains', 'contains'], ['startswith', 'begins with'], ...empty];
    case 'number':
      return [['eq', '='], ['ne', '≠'], ['ge', '≥'], ['le', '≤'], ...empty];
    case 'moment':
      return [['ge', 'from'], ['le', 'until'], ...empty];
    case 'date':
      return [['eq', 'is'], ['ge', 'from'], ['le', 'until'], ...empty];
    case 'boolean':
    case 'guid':
      return [['eq', 'is'], ...empty];
    default:
      return column.collection ? [] : empty;
  }
}

/** A condition in both languages that it is said in. */
export interface SaidCondition {
  /** For `$filter`. */
  readonly odata: string;
  /** For `Table.SelectRows`. */
  readonly m: string;
}

/** null: the value is none of the column's type. `zone`: the reporting zone. */
export function sayCondition({ operator, value }: Condition, column: Column, zone: string): SaidCondition | null {
  const field = `[${mIdentifier(column.name)}]`;
  if (operator === 'empty' || operator === 'filled') {
    const sign = operator === 'empty' ? ['eq', '='] : ['ne', '<>'];
    return { odata: `${column.name} ${sign[0]} null`, m: `${field} ${sign[1]} null` };
  }
  const literal = literalOf(value.trim(), column, zone);
  if (literal === null) {
    return null;
  }
  if (operator === 'contains' || operator === 'startswith') {
    const call = operator === 'contains' ? 'Text.Contains' : 'Text.StartsWith';
    return { odata: `${operator}(${column.name},${literal.odata})`, m: `${call}(${field}, ${literal.m})` };
  }
  const sign = { eq: '=', ne: '<>', ge: '>=', le: '<=' }[operator];
  return { odata: `${column.name} ${operator} ${literal.odata}`, m: `${field} ${sign} ${literal.m}` };
}

/** A value of the column's type (OData URL Conventions 5.1.1.14; Power Query M, "Literals"). */
function literalOf(value: string, column: Column, zone: string): SaidCondition | null {
  switch (kindOf(column)) {
    case 'text':
      // Nothing typed yet is no condition: for empty cells there is `empty`.
      return value === '' ? null : { odata: `'${value.replaceAll("'", "''")}'`, m: mText(value) };
    case 'number':
      return isNumber(value, column.type) ? { odata: value, m: value } : null;
    case 'boolean':
      return value === 'true' || value === 'false' ? { odata: value, m: value } : null;
    case 'guid':
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? { odata: value, m: mText(value) } : null;
    case 'date':
      return momentOf(value, 'UTC') === null || value.length !== 10
        ? null
        : { odata: value, m: `#date(${numbersIn(value)})` };
    case 'moment': {
      const at = momentOf(value, zone);
      const utc = at === null ? null : new Date(at).toISOString().replace('.000Z', 'Z');
      return utc === null ? null : { odata: utc, m: `#datetimezone(${numbersIn(utc)}, 0, 0)` };
    }
    default:
      return null;
  }
}

const numbersIn = (text: string): string => (text.match(/\d+/g) ?? []).map(Number).join(', ');

function isNumber(text: string, type: string): boolean {
  const whole = /^Edm\.(S?Byte|Int\d+)$/.test(type);
  return whole ? /^-?\d{1,19}$/.test(text) : /^-?\d{1,30}(\.\d{1,30})?$/.test(text);
}
