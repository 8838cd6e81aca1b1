import { readFileSync } from 'node:fs';
import { z } from 'zod';

const description = z.object({ version: z.string() });

/** The version of this program, as `package.json` has it: beside `src` in a checkout, beside `dist` where it was built. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return description.parse(JSON.parse(text)).version;
}
