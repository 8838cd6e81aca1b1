import type { GroupingKey } from '../../plan/model/read-plan.ts';
import { value } from '../expression/expression.ts';
import { rowId, type Scope } from '../scope.ts';

/** What parts the groups: a value, or the identity of an entity. */
export const keyColumn = ({ expression, entity }: GroupingKey, scope: Scope): string =>
  entity === undefined ? value(expression, scope) : rowId(scope.at(entity.row));
