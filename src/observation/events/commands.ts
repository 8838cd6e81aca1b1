import type { AuditRecord } from './http.ts';

/** What happens to the program as a whole. */
export type CommandEvent =
  | { readonly event: 'listening'; readonly address: string; readonly version: string }
  | { readonly event: 'operations'; readonly address: string }
  | { readonly event: 'stopping'; readonly reason: string }
  | { readonly event: 'stopped' }
  /** Files could not be looked for, or something else of what is done on a schedule. `work`: which. */
  | { readonly event: 'scan-failed'; readonly work: string; readonly reason: string }
  /** A table was made or changed, as program and metadata need it. */
  | { readonly event: 'table-change'; readonly message: string }
  /** What became of stored rows, or should: whoever runs the program should know. */
  | { readonly event: 'stored-rows'; readonly message: string }
  /** Who asked for what: a row of the audit in a line of the log. */
  | ({ readonly event: 'audit' } & AuditRecord)
  /** So many rows are missing from the audit, as PostgreSQL did not take them for too long. */
  | { readonly event: 'audit-gap'; readonly records: number }
  /** Who may read files that hold rows or secrets. */
  | { readonly event: 'file-rights'; readonly message: string }
  | { readonly event: 'samples-loaded'; readonly rows: number };
