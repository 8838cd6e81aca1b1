import { columnsProperty, triedExports } from './support/columns-property.ts';
import { useFeed } from './support/feed.ts';

/** All properties together. */
const runs = 10_000;

describe('Files with some of their columns, in any order, many', () => {
  const numRuns = Math.ceil(runs / triedExports);
  columnsProperty(useFeed(), { valuesStay: numRuns, anyOrder: numRuns, timeout: 7_200_000 });
});
