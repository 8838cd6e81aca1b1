const microseconds: Readonly<Record<string, bigint>> = {
  Y: 31_557_600_000_000n,
  M: 2_592_000_000_000n,
  W: 604_800_000_000n,
  D: 86_400_000_000n,
  'T-H': 3_600_000_000n,
  'T-M': 60_000_000n,
  'T-S': 1_000_000n,
};

/**
 * A duration as XML Schema writes a `dayTimeDuration` and .NET a `TimeSpan`: one sign in front, then days, hours below 24,
 * minutes and seconds below 60, parts of nothing left out; `PT0S` for none. Takes that, and PostgreSQL's `iso_8601` with a
 * sign at each part. Months count 30 days and years 365.25, as PostgreSQL's own `extract(epoch ...)` does; what is smaller than a
 * microsecond is cut.
 */
export function dayTimeDuration(text: string): string {
  const negative = text.startsWith('-');
  const [days = '', time = ''] = text.replace(/^[-+]?P/i, '').split(/T/i);
  let total = 0n;
  for (const [, amount = '', unit = ''] of days.matchAll(/(-?\d+)([YMDW])/gi)) {
    total += BigInt(amount) * (microseconds[unit.toUpperCase()] ?? 0n);
  }
  for (const [, sign, whole = '', fraction = '', unit = ''] of time.matchAll(/(-?)(\d+)(?:\.(\d+))?([HMS])/gi)) {
    const size = microseconds[`T-${unit.toUpperCase()}`] ?? 0n;
    const amount = BigInt(whole) * size + BigInt(fraction.padEnd(6, '0').slice(0, 6));
    total += sign === '-' ? -amount : amount;
  }
  return durationText(negative ? -total : total);
}

function durationText(total: bigint): string {
  const size = total < 0n ? -total : total;
  const days = size / 86_400_000_000n;
  const seconds = (size / 1_000_000n) % 86_400n;
  const fraction = String(size % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const parts = [
    [seconds / 3600n, 'H'],
    [(seconds / 60n) % 60n, 'M'],
  ] as const;
  const clock = parts.map(([amount, unit]) => (amount === 0n ? '' : `${amount}${unit}`)).join('');
  const rest =
    seconds % 60n === 0n && fraction === '' ? '' : `${seconds % 60n}${fraction === '' ? '' : `.${fraction}`}S`;
  const time = clock + rest;
  const date = days === 0n ? '' : `${days}D`;
  if (date === '' && time === '') {
    return 'PT0S';
  }
  return `${total < 0n ? '-' : ''}P${date}${time === '' ? '' : `T${time}`}`;
}
