/**
 * What became of stored rows that a file does not hold, as `removal` of `gateway.load` has it. All that is decided of later and of
 * earlier files is decided by this word; the message beside it is for people.
 * - `done`: they left, as far as there were any. The file says of every row of its scope whether it is there.
 * - `none`: the write mode removes no rows.
 * - `withheld-keyless`: keys of rejected rows are not known, so it is not known which rows the file holds.
 * - `withheld-no-header`: the file has not even a header.
 * - `withheld-too-small`: rejected rows were replayed, and too much would go (SnapshotTooSmall, PeriodTooSmall).
 * - `superseded`: a newer file of the same period was loaded before.
 * - `pending`: the load has not come so far; or a rebuild will repeat it, and its set begins without it.
 */
export type Removal =
  | 'pending'
  | 'done'
  | 'none'
  | 'withheld-keyless'
  | 'withheld-no-header'
  | 'withheld-too-small'
  | 'superseded';
