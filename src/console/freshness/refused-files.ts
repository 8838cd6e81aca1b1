import { hashOf } from '../route.ts';
import { choiceText } from '../rows/choice.ts';

/** Which files were refused, and why, the last ones first. */
export const refusedFiles = hashOf(
  ['sets', 'Loads'],
  choiceText({
    columns: ['StartedAt', 'Source', 'Export', 'FileName', 'OutcomeCode', 'Message'],
    conditions: [{ column: 'State', operator: 'eq', value: 'refused' }],
    sort: { column: 'StartedAt', descending: true },
  }),
);
