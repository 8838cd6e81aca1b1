import { createHash } from 'node:crypto';
import { addressKey } from './next-link.ts';

/**
 * What is remembered from page to page so that pages that lead round are found out, however many there are: the mark of one
 * earlier page, which moves ahead in ever longer steps (Brent's algorithm). Two short numbers and a digest.
 */
export interface PageTrail {
  readonly mark: string;
  /** Pages after which the mark moves. */
  readonly until: number;
  /** Pages since it moved. */
  readonly since: number;
}

export const beginTrail = (page: string): PageTrail => ({ mark: markOf(page), until: 2, since: 0 });

/** The trail with the page that a link names; null: pages lead round. `from`: the page that names it, `path?query` as the link. */
export function follow(trail: PageTrail, from: string, link: string): PageTrail | null {
  const mark = markOf(link);
  if (mark === trail.mark || mark === markOf(from)) {
    return null;
  }
  const since = trail.since + 1;
  return since < trail.until ? { ...trail, since } : { mark, until: trail.until * 2, since: 0 };
}

export const trailText = ({ mark, until, since }: PageTrail): string => `${until}.${since}.${mark}`;

/** null: it is no such text. */
export function trailIn(text: string): PageTrail | null {
  const [, until, since, mark] = /^(\d{1,15})\.(\d{1,15})\.([\w-]{11})$/.exec(text) ?? [];
  return mark === undefined ? null : { mark, until: Number(until), since: Number(since) };
}

const markOf = (page: string): string =>
  createHash('sha256').update(addressKey(page)).digest().subarray(0, 8).toString('base64url');
