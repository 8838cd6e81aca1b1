import { formsSayTheSame, noDisguisedNameIsIgnored } from './option-forms.ts';

describe('names and forms of query options, many of them', () => {
  it('C1 no disguised name of an option is ignored', () => noDisguisedNameIsIgnored(10_000)).timeout(0);
  it('C5 a form says the same as a strictly encoded query', () => formsSayTheSame(10_000)).timeout(0);
});
