import type { TextOf } from '../observe.ts';

/** What is asked of PostgreSQL, and what is waited for there. `id`: the request that it is for; absent: none. */
export type WarehouseEvent =
  /** A statement is sent: of a read, as the role that can only read, or of loads and bookkeeping, as the owner. */
  | { readonly event: 'statement'; readonly id?: string; readonly role: 'reader' | 'owner'; readonly sql: TextOf }
  /** Milliseconds that a large read waited for its turn. */
  | { readonly event: 'turn-wait'; readonly id?: string; readonly milliseconds: number }
  /** Milliseconds until a connection was free. */
  | { readonly event: 'connection-wait'; readonly id?: string; readonly milliseconds: number }
  /**
   * A server of READ_DATABASE_URL, by its place there, is read from now on or not any more. `lagSeconds` null: it is not known; `reason`: why it is
   * lost, null: it is not.
   */
  | {
      readonly event: 'standby';
      readonly standby: number;
      readonly state: 'current' | 'behind' | 'lost';
      readonly lagSeconds: number | null;
      readonly reason: string | null;
    };
