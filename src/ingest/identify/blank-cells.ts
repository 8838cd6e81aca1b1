/** White space, control characters and characters without width: what a person sees nothing of. */
const nothingShown = /^[\s\u0000-\u001f\u007f\u0085\u200b-\u200f\u2060\ufeff]*$/;
const outer = /^[\s\u0000-\u001f\u200b-\u200f\u2060\ufeff]+|[\s\u0000-\u001f\u200b-\u200f\u2060\ufeff]+$/g;

/** Whether a cell shows nothing. */
export function isBlank(text: string): boolean {
  return text === '' || (text.charCodeAt(0) <= 32 || text.charCodeAt(0) > 126 ? nothingShown.test(text) : false);
}

/** How exports keep spreadsheets from changing a value: as a formula of a text. Spreadsheets read the text. */
const guarded = /^="((?:[^"]|"")*)"$/;

/** A cell without the formula around it (`="0123"` is `0123`), as spreadsheets show it. */
export function unguarded(text: string): string {
  if (text.charCodeAt(0) !== 61) {
    return text;
  }
  const inner = guarded.exec(text)?.[1];
  return inner === undefined ? text : inner.replaceAll('""', '"');
}

/**
 * A name in a header without what cannot be seen around it, and without quotes that this kept from being quotes. The
 * symbol ␀ stands for U+0000, which PostgreSQL cannot store: the name is the same in the ledger, `Extras`, drift and messages.
 */
export function visibleName(text: string): string {
  const visible = unguarded(text.replace(outer, ''));
  const name = /^"[^"]*"$/.test(visible) ? visible.slice(1, -1).replace(outer, '') : visible;
  return name.replaceAll('\0', '␀');
}
