/** The preferences that this feed knows (OData Protocol 8.2.8); others are ignored, as RFC 7240 asks. */
export interface Preferences {
  /** Rows; null: not asked. */
  readonly maxPageSize: number | null;
  readonly omitNulls: boolean;
  readonly trackChanges: boolean;
  readonly respondAsync: boolean;
  /** Seconds that the client waits before it wants an answer (RFC 7240, 4.3); null: not said. */
  readonly wait: number | null;
  /** null: not said; what that means depends on the format of the batch. */
  readonly continueOnError: boolean | null;
}

/** Reads a Prefer header. Names count with and without `odata.`; the first statement of a name wins (RFC 7240, 2). */
export function preferences(header: string | undefined): Preferences {
  const stated = new Map<string, string>();
  for (const part of (header ?? '').split(',')) {
    const [pair = ''] = part.split(';');
    const equals = pair.indexOf('=');
    const name = (equals < 0 ? pair : pair.slice(0, equals))
      .trim()
      .toLowerCase()
      .replace(/^odata\./, '');
    const value =
      equals < 0
        ? ''
        : pair
            .slice(equals + 1)
            .trim()
            .replace(/^"(.*)"$/, '$1');
    if (name !== '' && !stated.has(name)) {
      stated.set(name, value.toLowerCase());
    }
  }
  const size = stated.get('maxpagesize') ?? '';
  return {
    maxPageSize: /^[1-9]\d{0,8}$/.test(size) ? Number(size) : null,
    omitNulls: stated.get('omit-values') === 'nulls',
    trackChanges: stated.has('track-changes'),
    respondAsync: stated.has('respond-async'),
    wait: /^\d{1,6}$/.test(stated.get('wait') ?? '') ? Number(stated.get('wait')) : null,
    continueOnError: stated.has('continue-on-error') ? stated.get('continue-on-error') !== 'false' : null,
  };
}
