/**
 * A connection for Power BI Desktop (`.pbids`, "Using PBIDS files to get data"). With the mode Import, which is all that
 * feeds can do: Desktop would ask for it. `root`: the service root with its final slash.
 */
export const pbidsFile = (root: string): string =>
  `${JSON.stringify(
    {
      version: '0.1',
      connections: [{ details: { protocol: 'odata', address: { url: root } }, options: {}, mode: 'Import' }],
    },
    null,
    2,
  )}\n`;
