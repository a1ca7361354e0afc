/** Requests per second, latency and failures of the last two minutes, with a marker at each rotation. */
import { svg } from './dom.js';

/** Seconds shown. */
const SPAN = 120;
const LEFT = 44;
const RIGHT = 12;
/** Labels that would overlap go into rows of their own. */
const ROWS = 3;
const ROW = 20;
const TOP = ROWS * ROW + 14;
const LANES = [
  { key: 'requests', title: 'Requests per second', height: 84 },
  { key: 'p99', title: 'Latency, 99th percentile (ms)', height: 64 },
  { key: 'failed', title: 'Failed requests', height: 40 },
];
const GAP = 30;
const HEIGHT = TOP + LANES.reduce((sum, { height }) => sum + height + GAP, 0);

/**
 * @param {HTMLElement} parent
 * @param {{ at: number, requests: number, failed: number, p99: number | null }[]} samples one a second, in order
 * @param {{ at: number, label: string }[]} marks
 */
export function drawChart(parent, samples, marks) {
  const width = Math.max(parent.clientWidth, 280);
  const end = samples.at(-1)?.at ?? Date.now();
  const start = end - SPAN * 1000;
  const shown = samples.filter(({ at }) => at >= start);
  const x = (at) => LEFT + ((at - start) / (SPAN * 1000)) * (width - LEFT - RIGHT);
  const chart = svg('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, role: 'img' });
  chart.append(svg('title', {}, summary(shown, marks)));

  let top = TOP;
  for (const lane of LANES) {
    drawLane(chart, lane, shown, { x, top, width });
    top += lane.height + GAP;
  }
  drawMarks(
    chart,
    marks.filter(({ at }) => at >= start),
    { x, bottom: top - GAP, width },
  );
  drawTimes(chart, x, end, top - GAP);
  parent.replaceChildren(chart);
}

function drawLane(chart, { key, title, height }, samples, { x, top, width }) {
  const bottom = top + height;
  const largest = Math.max(1, ...samples.map((sample) => sample[key] ?? 0));
  const most = niceCeiling(largest);
  const y = (value) => bottom - (value / most) * (height - 14);
  chart.append(
    svg('text', { class: 'lane', x: LEFT, y: top - 2 }, title),
    svg('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: bottom, y2: bottom }),
    svg('text', { x: LEFT - 8, y: bottom, 'text-anchor': 'end' }, '0'),
  );
  if (key === 'failed') return drawFailures(chart, samples, { x, y, bottom, largest });
  chart.append(
    svg('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y(most), y2: y(most) }),
    svg('text', { x: LEFT - 8, y: y(most) + 4, 'text-anchor': 'end' }, String(most)),
  );
  for (const run of runsOf(samples, key)) {
    const points = run.map((sample) => `${x(sample.at).toFixed(1)},${y(sample[key]).toFixed(1)}`);
    if (key === 'requests') {
      const [first, last] = [run[0], run.at(-1)];
      points.unshift(`${x(first.at).toFixed(1)},${bottom}`);
      points.push(`${x(last.at).toFixed(1)},${bottom}`);
      chart.append(svg('polygon', { class: 'rate', points: points.join(' ') }));
    } else chart.append(svg('polyline', { class: 'latency', points: points.join(' ') }));
  }
}

/** A flat line while nothing fails; a bar for each second in which something did. */
function drawFailures(chart, samples, { x, y, bottom, largest }) {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first) return;
  chart.append(svg('line', { class: 'zero', x1: x(first.at), x2: x(last.at), y1: bottom, y2: bottom }));
  for (const { at, failed } of samples)
    if (failed > 0) {
      const top = Math.min(y(failed), bottom - 4);
      chart.append(svg('rect', { class: 'failed', x: x(at) - 2, width: 4, y: top, height: bottom - top }));
    }
  if (samples.some(({ failed }) => failed > 0))
    chart.append(svg('text', { x: LEFT - 8, y: y(largest) + 4, 'text-anchor': 'end' }, String(largest)));
}

function drawMarks(chart, marks, { x, bottom, width }) {
  /** Where the last label of each row ends. */
  const ends = Array(ROWS).fill(0);
  for (const { at, label } of marks) {
    const size = label.length * 6.8 + 12;
    const left = Math.min(Math.max(x(at) - size / 2, LEFT), width - RIGHT - size);
    const free = ends.findIndex((end) => end < left);
    const row = free === -1 ? ROWS - 1 : free;
    ends[row] = left + size + 4;
    const top = row * ROW;
    chart.append(
      svg('line', { class: 'marker', x1: x(at), x2: x(at), y1: top + 17, y2: bottom }),
      svg('rect', { class: 'flag', x: left, y: top, width: size, height: 17, rx: 4 }),
      svg('text', { x: left + size / 2, y: top + 12, 'text-anchor': 'middle' }, label),
    );
  }
}

function drawTimes(chart, x, end, bottom) {
  for (const ago of [120, 60, 0])
    chart.append(
      svg(
        'text',
        {
          x: x(end - ago * 1000),
          y: bottom + 18,
          'text-anchor': ago === 0 ? 'end' : ago === 120 ? 'start' : 'middle',
        },
        ago === 0 ? 'now' : `${ago} s ago`,
      ),
    );
}

/** Neighbouring samples that have a value: a second without a request has no latency. */
function runsOf(samples, key) {
  const runs = [];
  let run;
  for (const sample of samples) {
    if (sample[key] === null) run = undefined;
    else if (run) run.push(sample);
    else {
      run = [sample];
      runs.push(run);
    }
  }
  return runs;
}

/** The next of 1, 2, 5, 10, 20, 50, ... */
function niceCeiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => step * power >= value) * power;
}

function summary(samples, marks) {
  const requests = samples.reduce((sum, sample) => sum + sample.requests, 0);
  const failed = samples.reduce((sum, sample) => sum + sample.failed, 0);
  return `In the last two minutes: ${requests} requests, ${failed} failed, ${marks.length} rotations.`;
}
