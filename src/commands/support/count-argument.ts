import { InvalidArgumentError } from 'commander';

/** Reads an option that counts something. A number outside of the range throws InvalidArgumentError, with what may be said. */
export function countArgument(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(number >= least && number <= most)) {
      throw new InvalidArgumentError(`must be a whole number from ${least} to ${most}`);
    }
    return number;
  };
}
