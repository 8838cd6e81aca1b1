import { realNumberTests } from './real-numbers.ts';

describe('readers: floating point numbers as the .NET readers take them, many', function () {
  this.timeout(600_000);
  realNumberTests(10_000);
});
