import type { PrimitiveTypeName } from '../../../edm/model.ts';
import { GatewayError } from '../../../errors.ts';
import type { Literal, LiteralType } from '../../../uri/syntax.ts';
import type { Constant } from '../../model/read-plan.ts';
import { canonicalText } from '../../value/canonical-text.ts';
import { canonicalInteger, narrowestType } from '../../value/numeric-text.ts';

export const nullConstant: Constant = { kind: 'Constant', type: 'null', value: null };

const literalTypes: Readonly<Record<Exclude<LiteralType, 'null' | 'integer' | 'enum'>, PrimitiveTypeName>> = {
  boolean: 'Edm.Boolean',
  decimal: 'Edm.Decimal',
  double: 'Edm.Double',
  string: 'Edm.String',
  date: 'Edm.Date',
  dateTimeOffset: 'Edm.DateTimeOffset',
  timeOfDay: 'Edm.TimeOfDay',
  duration: 'Edm.Duration',
  guid: 'Edm.Guid',
  binary: 'Edm.Binary',
};

/**
 * A literal as a typed constant; an integer takes the narrowest type that holds it.
 * An enumeration literal keeps the name of its type, which only a property beside it can have.
 * @throws GatewayError `TypeMismatch` where the text has the form of the type and is no value of it (30 February)
 */
export function constantOf(literal: Literal): Constant {
  if (literal.type === 'null') {
    return nullConstant;
  }
  if (literal.type === 'enum') {
    return { kind: 'Constant', type: 'Edm.String', value: literal.text, enumType: literal.typeName ?? '' };
  }
  if (literal.type === 'integer') {
    const integer = canonicalInteger(literal.text);
    if (integer !== null) {
      return { kind: 'Constant', type: narrowestType(integer), value: integer };
    }
  } else {
    const type = literalTypes[literal.type];
    const value = canonicalText(literal.text, type);
    if (value !== null) {
      const written = literal.type === 'guid' && literal.text !== value ? { written: literal.text } : {};
      return { kind: 'Constant', type, value, ...written };
    }
  }
  const hint = literal.type === 'dateTimeOffset' ? outsideOfYears(literal.text) : '';
  throw new GatewayError('TypeMismatch', `'${literal.text}' is no ${literal.type} value${hint}.`, {
    offset: literal.at,
  });
}

/** .NET writes its `DateTime.MinValue` of a place east of Greenwich as `0001-01-01T00:00:00+01:00`, which is in the year 0. */
function outsideOfYears(text: string): string {
  const end = /^(0001-01-01|9999-12-31)/.exec(text)?.[1];
  if (end === undefined) {
    return '';
  }
  const nearest = end === '0001-01-01' ? `${end}T00:00:00Z` : `${end}T23:59:59Z`;
  return `: in UTC it is outside of the years 1 to 9999; write ${nearest}`;
}
