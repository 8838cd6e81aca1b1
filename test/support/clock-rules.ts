import type { Rule } from './source-rules.ts';

/** What would let a test fail only because the machine is busy. */
export const assertsNoClock: Rule = ({ file, text }) =>
  /\b(performance\.now|process\.(hrtime|cpuUsage))\b/.test(text) && file !== 'test/support/growth.ts'
    ? [`${file} measures time; compare amounts of work (test/support/growth.ts), or wait for what happens`]
    : [];

/** A limit below the one of .mocharc.yaml ends tests on a busy machine and no other. */
export const hurriesNoTest: Rule = ({ file, text }) =>
  [...text.matchAll(/(?:this|\))\.timeout\(([\d_]+)\)/g)]
    .filter(([, limit = '']) => [limit.replaceAll('_', '')].some((one) => Number(one) > 0 && Number(one) <= 300_000))
    .map(([call]) => `${file}: ${call} is no more than every test has (.mocharc.yaml): take it away`);
