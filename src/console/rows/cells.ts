import type { Column, FeedSet } from '../feed/model.ts';
import { digits } from '../text/numbers.ts';

/** Numbers that name something are told as they are typed elsewhere; of all others the thousands stand apart. `text`: as the feed wrote it. */
export const numberText = (text: string, column: Column, set: FeedSet): string =>
  isIdentifier(column, set) ? text : digits(text);

/** Keys, what relations lead by, and ids of what the feed has no set of. */
const isIdentifier = ({ name, isKey }: Column, { relations }: FeedSet): boolean =>
  isKey || /(^|[a-z\d])I[dD]$/.test(name) || relations.some(({ on }) => on.some(([own]) => own === name));
