/** What the program's exit codes mean; `gateway --help` prints them. 64 is `EX_USAGE` of sysexits. */
export const exitCodes = {
  ok: 0,
  /** Nothing was done, or not all of it: see the message. */
  failed: 1,
  /** Done, but rows were rejected or files refused. */
  partial: 2,
  usage: 64,
} as const;
