import type { Observation } from '../../src/observation/observation.ts';

type Kind = Observation['event'];

/** One event of each kind, every field given. */
export const examples: { readonly [K in Kind]: Extract<Observation, { readonly event: K }> } = {
  request: {
    event: 'request',
    id: 'r1',
    method: 'GET',
    path: 'Cases',
    options: ['$filter'],
    status: 200,
    rows: 3,
    fromCache: false,
    milliseconds: 12,
    agent: 'curl/8',
    user: null,
    error: null,
  },
  plan: { event: 'plan', id: 'r1', plan: (values) => (values === 'shown' ? `'Jan'` : `'?'`) },
  'request-broken': { event: 'request-broken', id: 'r1', reason: 'QueryTimeout' },
  defect: { event: 'defect', id: 'r1', error: new TypeError('x is undefined') },
  'reply-not-kept': { event: 'reply-not-kept', reason: 'ENOSPC' },
  credentials: { event: 'credentials', setting: 'AUTH_KEY_FILE', fault: null },
  load: { event: 'load', file: 'a.csv', outcome: 'loaded', rejected: 0, message: '3 rows, 0 rejected, 0 removed' },
  'load-progress': { event: 'load-progress', file: 'a.csv', bytes: 10, totalBytes: 20 },
  'not-settled': { event: 'not-settled', file: 'a.csv', reason: 'the connection was cut' },
  'drop-folder': { event: 'drop-folder', kind: 'no-mark', below: 'a.csv', message: 'a.csv waits' },
  upstream: { event: 'upstream', source: 'feed', state: 'down', message: 'ECONNREFUSED' },
  'upstream-request': {
    event: 'upstream-request',
    id: 'r1',
    source: 'feed',
    url: (values) => `https://feed.example.com/Calls?$filter=${values === 'shown' ? 'Name' : '?'}`,
  },
  'upstream-answer': { event: 'upstream-answer', id: 'r1', source: 'feed', status: 200, milliseconds: 40 },
  statement: { event: 'statement', id: 'r1', role: 'reader', sql: (values) => (values === 'shown' ? `'Jan'` : `'?'`) },
  'turn-wait': { event: 'turn-wait', id: 'r1', milliseconds: 700 },
  'connection-wait': { event: 'connection-wait', id: 'r1', milliseconds: 5 },
  database: { event: 'database', state: 'down', message: 'exit 137' },
  listening: { event: 'listening', address: 'http://127.0.0.1:8080/odata/', version: '1.0.0' },
  stopping: { event: 'stopping', reason: 'SIGTERM' },
  stopped: { event: 'stopped' },
  'scan-failed': { event: 'scan-failed', reason: 'EACCES' },
  'table-change': { event: 'table-change', message: 'Cases: column added' },
  'stored-rows': { event: 'stored-rows', message: 'Cases.Title: filled from Extras in 3 rows' },
  'samples-loaded': { event: 'samples-loaded', rows: 100 },
};
