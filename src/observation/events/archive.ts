/** What happens while rows of proxied feeds are kept. */
export type ArchiveEvent =
  /** A set was copied or compared, or could not be: then `reason` says why. */
  | {
      readonly event: 'archive';
      readonly source: string;
      readonly set: string;
      readonly outcome: 'copied' | 'busy' | 'failed';
      readonly counts: Readonly<
        Record<'read' | 'inserted' | 'updated' | 'unchanged' | 'duplicate' | 'erased' | 'purged' | 'deleted', number>
      > | null;
      readonly reason: string | null;
    }
  /** What documents say of a set and its feed does not give; null: it gives all of it now. */
  | {
      readonly event: 'archive-lacking';
      readonly source: string;
      readonly set: string;
      readonly message: string | null;
    }
  /** How far a copy of many parts has come: rows up to this moment were looked at. */
  | {
      readonly event: 'archive-progress';
      readonly source: string;
      readonly set: string;
      readonly upTo: string;
      readonly rows: number;
    };
