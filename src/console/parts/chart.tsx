import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Answer } from '../explore/answer.ts';

/** Colours of the series: those of the stylesheet, by light and dark. */
const colours = (): readonly string[] => {
  const style = getComputedStyle(document.documentElement);
  return Array.from({ length: 9 }, (_, index) => style.getPropertyValue(`--series-${index + 1}`).trim());
};

const ofTheme = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Values put on each other, from the first series up; a series of the chart ends where this one does. */
function stacked(answer: Answer): (number | null)[][] {
  const sums = answer.steps.map(() => 0);
  return answer.series.map(({ values }) =>
    values.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0);
      return sums[index] ?? 0;
    }),
  );
}

/**
 * Series over steps of time: bars on each other where values can be summed, else lines. `at`: told the step under the pointer; null: none. What is drawn stands
 * in the table beside it, too, so to who cannot see it the drawing is named alone.
 */
export function Chart(props: {
  readonly answer: Answer;
  readonly label: string;
  readonly say: (value: number) => string;
  /** Values are seconds: the axis is divided as clocks are. */
  readonly isTime?: boolean;
  readonly at: (step: number | null) => void;
}) {
  const { answer, label, say, at, isTime = false } = props;
  const place = useRef<HTMLDivElement>(null);
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const changed = (): void => setTheme((before) => before + 1);
    dark.addEventListener('change', changed);
    return () => dark.removeEventListener('change', changed);
  }, []);
  useEffect(() => {
    const box = place.current;
    if (box === null) {
      return;
    }
    const plot = new uPlot(optionsOf(answer, { say, at, isTime, width: box.clientWidth }), dataOf(answer), box);
    const watch = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: heightOf(box.clientWidth) }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [answer, theme]);
  return <div class="chart" ref={place} role="img" aria-label={label} />;
}

/** Seconds between two lines of an axis of durations. */
const timeSteps = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200],
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((days) => days * 86_400),
];

const heightOf = (width: number): number => (width < 500 ? 220 : 300);

function dataOf(answer: Answer): uPlot.AlignedData {
  const series = answer.additive ? stacked(answer).reverse() : answer.series.map(({ values }) => [...values]);
  return [answer.steps.map((_, index) => index), ...series];
}

interface Drawing {
  readonly say: (value: number) => string;
  readonly isTime: boolean;
  readonly at: (step: number | null) => void;
  readonly width: number;
}

function optionsOf(answer: Answer, { say, at, isTime, width }: Drawing): uPlot.Options {
  const palette = colours();
  const axis = { stroke: ofTheme('--quiet'), font: '12px system-ui', grid: { stroke: ofTheme('--line'), width: 1 } };
  const bars = uPlot.paths.bars?.({ size: [0.8, 48], gap: 0 });
  const drawn = answer.series.map((one, index): uPlot.Series => {
    const colour = palette[index % palette.length] ?? '';
    return answer.additive
      ? {
          label: one.name,
          fill: colour,
          width: 0,
          points: { show: false },
          ...(bars === undefined ? {} : { paths: bars }),
        }
      : { label: one.name, stroke: colour, width: 2, spanGaps: false, points: { size: 6, fill: colour } };
  });
  return {
    width,
    height: heightOf(width),
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { setScale: false } },
    scales: {
      x: { time: false, range: () => [-0.6, answer.steps.length - 0.4] },
      y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 0) <= 0 ? 1 : (high ?? 1) * 1.06] },
    },
    axes: [
      {
        ...axis,
        size: 32,
        grid: { show: false },
        // A step is told whole or not at all.
        splits: () => shownSteps(answer.steps.length, width),
        values: (_, splits) => splits.map((index) => answer.steps[index] ?? ''),
      },
      {
        ...axis,
        // As wide as its longest text, at 7 pixels a letter.
        size: (_, texts) => 7 * Math.max(3, ...(texts ?? []).map((text) => String(text).length)) + 20,
        space: 40,
        ...(isTime ? { incrs: timeSteps } : {}),
        values: (_, splits) => splits.map(say),
      },
    ],
    series: [{}, ...(answer.additive ? drawn.reverse() : drawn)],
    hooks: { setCursor: [(plot) => at(plot.cursor.idx ?? null)] },
  };
}

function shownSteps(number: number, width: number): number[] {
  const every = Math.max(1, Math.ceil(number / Math.max(1, Math.floor((width - 80) / 72))));
  return Array.from({ length: number }, (_, index) => index).filter((index) => index % every === 0);
}
