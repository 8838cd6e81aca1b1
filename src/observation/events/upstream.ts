/** What happens at a proxied feed. */
export type UpstreamEvent =
  /** The outcome of a reading of its `$metadata`. */
  { readonly event: 'upstream'; readonly source: string; readonly state: 'ok' | 'down'; readonly message: string };
