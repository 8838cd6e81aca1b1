import { anewProperty } from './support/anew-property.ts';
import { confirmingArrivals, confirmingProperty } from './support/confirming-files.ts';
import { useFeed } from './support/feed.ts';

describe('Files that confirm rows, many', () => {
  confirmingProperty(useFeed(), 200);
});

describe('Files that confirm rows, some of which were rejected, made good by', () => {
  anewProperty(useFeed(), confirmingArrivals, { numRuns: 60, most: 6 });
});
