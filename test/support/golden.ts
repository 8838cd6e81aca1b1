import process from 'node:process';

/**
 * Whether golden files are written anew instead of compared: `GOLDEN=write npx mocha FILE`, the one switch for all of them.
 * Read the difference before it is committed.
 * @throws Error in CI (`CI` is set), where files written anew would make every comparison true
 */
export function writesGolden(environment: NodeJS.ProcessEnv = process.env): boolean {
  const { GOLDEN, CI } = environment;
  if (GOLDEN === undefined || GOLDEN === '') {
    return false;
  }
  if (GOLDEN !== 'write') {
    throw new Error(`GOLDEN=${GOLDEN} has no meaning: write GOLDEN=write.`);
  }
  if (CI !== undefined && CI !== '' && CI !== 'false') {
    throw new Error('GOLDEN=write is refused in CI: golden files are written by a person, who reads the difference.');
  }
  return true;
}
