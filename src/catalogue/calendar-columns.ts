/** What a calendar says of a day, by property: its type without `Edm.`, and SQL over the date `d`. */
export const calendarColumns: ReadonlyMap<string, { readonly type: string; readonly sql: string }> = new Map([
  ['Date', { type: 'Date', sql: 'd' }],
  ['Year', { type: 'Int32', sql: 'extract(year FROM d)::integer' }],
  ['Quarter', { type: 'Int32', sql: 'extract(quarter FROM d)::integer' }],
  ['Month', { type: 'Int32', sql: 'extract(month FROM d)::integer' }],
  ['MonthName', { type: 'String', sql: `to_char(d, 'FMMonth')` }],
  ['YearMonth', { type: 'String', sql: `to_char(d, 'YYYY-MM')` }],
  ['Day', { type: 'Int32', sql: 'extract(day FROM d)::integer' }],
  ['DayOfYear', { type: 'Int32', sql: 'extract(doy FROM d)::integer' }],
  ['IsoYear', { type: 'Int32', sql: 'extract(isoyear FROM d)::integer' }],
  ['IsoWeek', { type: 'Int32', sql: 'extract(week FROM d)::integer' }],
  ['YearWeek', { type: 'String', sql: `to_char(d, 'IYYY"-W"IW')` }],
  ['Weekday', { type: 'Int32', sql: 'extract(isodow FROM d)::integer' }],
  ['WeekdayName', { type: 'String', sql: `to_char(d, 'FMDay')` }],
  ['IsWeekend', { type: 'Boolean', sql: 'extract(isodow FROM d) > 5' }],
]);
