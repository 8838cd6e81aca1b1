/** White space, control characters and characters without width: what a person sees nothing of. */
const NOTHING = /^[\s\u0000-\u001f\u007f\u0085\u200b-\u200f\u2060\ufeff]*$/;
const OUTER = /^[\s\u0000-\u001f\u200b-\u200f\u2060\ufeff]+|[\s\u0000-\u001f\u200b-\u200f\u2060\ufeff]+$/g;

/** Whether a cell shows nothing. */
export function isBlank(text: string): boolean {
  return text === '' || (text.charCodeAt(0) <= 32 || text.charCodeAt(0) > 126 ? NOTHING.test(text) : false);
}

/** A name in a header without what cannot be seen around it, and without quotes that this kept from being quotes. */
export function visibleName(text: string): string {
  const visible = text.replace(OUTER, '');
  return /^"[^"]*"$/.test(visible) ? visible.slice(1, -1).replace(OUTER, '') : visible;
}
