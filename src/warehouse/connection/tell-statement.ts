import type { WarehouseEvent } from '../../observation/events/warehouse.ts';
import type { Observe } from '../../observation/observe.ts';
import { withoutLiterals } from '../../sql/hidden-literals.ts';

/** Tells a statement that is about to be sent. Nothing is made of its text unless somebody writes it. */
export function tellStatement(observe: Observe<WarehouseEvent>, role: 'reader' | 'owner', text: string): void {
  observe({ event: 'statement', role, sql: (values) => (values === 'shown' ? text : withoutLiterals(text)) });
}
