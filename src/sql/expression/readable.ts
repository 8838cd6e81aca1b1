import type { PrimitiveTypeName } from '../../edm/model.ts';
import type { Scope } from '../scope.ts';
import { withValue } from './given-values.ts';

/** The first whole number that .NET's Decimal does not hold, which reads Edm.Decimal in Power BI and Excel. */
export const decimalOverflow = '79228162514264337593543950336';

/** A computed value as it is served: a Decimal beyond what its readers hold would cost them the whole page, so it is null. */
export function readable(sql: string, type: PrimitiveTypeName, scope: Scope): string {
  if (type !== 'Edm.Decimal') {
    return sql;
  }
  return withValue(sql, scope, (x) => `CASE WHEN abs(${x}) < ${decimalOverflow} THEN ${x} END`);
}
