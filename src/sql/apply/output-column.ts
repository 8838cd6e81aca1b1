import { GatewayError } from '../../errors.ts';
import type { OutputProperty } from '../../plan/model/read-plan.ts';
import { propertyColumn, type Row } from '../scope.ts';

/** A served property by the name that rows of a layer know it by: its path in one text. */
export function nameOf(output: OutputProperty): string {
  return output.path.join('/');
}

/** The SQL of a served property of a layer's row. */
export function outputColumn(output: OutputProperty, row: Row): string {
  const named = row.columns.get(nameOf(output));
  if (named !== undefined) {
    return named;
  }
  const property = output.path.length === 1 ? row.entitySet?.entityType.properties.get(`${output.path[0]}`) : undefined;
  if (property === undefined || row.stored === null) {
    throw new GatewayError('UnknownProperty', `${nameOf(output)} is not part of the aggregated rows.`);
  }
  return propertyColumn(row, property);
}
