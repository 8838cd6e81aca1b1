import { supersededProperty } from './support/superseded-property.ts';

describe('A reject that a newer file closed is one that replay could take nothing from, many files', () => {
  supersededProperty(60);
});
