/** What `gateway sample` is asked for. */
export interface SampleOrder {
  /** Rows of a file of an export that grows day by day; statistics and master records get fewer, as in real exports. */
  readonly rows: number;
  /** The same seed, order and metadata give the same bytes. */
  readonly seed: number;
  readonly days: number;
  /** Days that one file holds: 1 for files that come every day. What tells a period by its file's name alone comes every day all the same. */
  readonly daysPerFile: number;
  /** First day of the data, `yyyy-MM-dd`, in each source's own zone. */
  readonly from: string;
  /** Broken rows added to each file. */
  readonly broken: number;
  /** Export names to write; empty: all. */
  readonly only: readonly string[];
}
