import { parallelEqualsSerial } from './support/backfill-property.ts';

describe('Backfill side by side, every export', () => {
  parallelEqualsSerial({ rows: 40, days: 5, seed: 8 });
});
