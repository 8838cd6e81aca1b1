import { anewProperty } from './support/anew-property.ts';
import { useFeed } from './support/feed.ts';
import { arrivals } from './support/random-columns.ts';

describe('B4 files with some of their columns give what they say, also by way of', () => {
  anewProperty(useFeed(), arrivals, { numRuns: 100, most: 5 });
});
