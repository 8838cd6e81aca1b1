/** Something that waits for somebody now, as `gateway status` tells it. */
export interface Finding {
  readonly level: 'warning' | 'error';
  /** A word for the kind of thing; stays the same. */
  readonly kind: string;
  readonly message: string;
}
