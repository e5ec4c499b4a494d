import type uPlot from 'uplot';
import { Chart } from './chart.ts';
import { clockTicks } from './clock-axis.ts';
import { addElement, setText } from './dom.ts';
import { formatNumber } from './format-number.ts';
import { addPlotPanel, smallPlotAxes, staticPlot } from './small-plot.ts';
import { adoptStyle } from './style-sheet.ts';
import type { Theme } from './theme.ts';
import type { TimeView } from './time-view.ts';
import { Veil } from './veil.ts';

/** The score of a learner, as in the `loss` message of the protocol. Missing, null, and NaN mean not known yet. */
export interface Loss {
  /** Normalized mean squared error: squared error / variance of the target. 0 is perfect, 1 is no better than the mean. */
  readonly nmse: number | null;
  /** NMSE of the baseline: persistence for forecasts, the running mean of the target for other targets. */
  readonly persistence?: number | null;
  /** 1 - nmse / persistence: 1 is perfect, 0 is no better than the baseline. */
  readonly skill: number | null;
  /** Root mean squared error. If it is known but `nmse` is null, the target is constant. */
  readonly rms?: number | null;
  /** Score of weights that were set aside, on later frames that they were not trained on. */
  readonly holdout?: {
    /** 1 - nmse / persistence. */
    readonly skill: number | null;
  };
  /** Time in ms since 1970 (default: now). */
  readonly time?: number;
}

/** Options of a LossPlot. */
export interface LossPlotOptions {
  /** Whether to draw the skill only. */
  compact?: boolean;
  /** Name of the baseline that the skill is relative to (default: 'persistence'). */
  baseline?: string;
  /** @deprecated Use `baseline`. */
  rival?: string;
  /** The plot is not updated while this view is paused, and ends with the view while no data arrives. */
  view?: TimeView;
}

/** Error and skill of a learner since the first push, in fixed memory: older scores are averaged. */
export class LossPlot {
  readonly #root: HTMLDivElement;
  readonly #history = new DownsampledHistory(5);
  readonly #error: Chart | undefined;
  readonly #skill: Chart;
  readonly #outputs: HTMLOutputElement[] = [];
  readonly #view: TimeView | undefined;
  readonly #unsubscribe: () => void;
  #startTime = NaN;
  #newest: Loss | undefined;
  #drawn = false;
  #paused = false;
  /** What is shown of the view's source. */
  #source = '';
  readonly #veil: Veil | undefined;

  constructor(element: HTMLElement, options: LossPlotOptions = {}) {
    const { baseline = options.rival ?? 'persistence' } = options;
    adoptStyle(element);
    this.#root = addElement(element, 'div', options.compact ? 'tapline' : 'tapline tapline-pair');
    if (!options.compact) {
      const body = this.#addPanel('Error', baseline);
      this.#error = new Chart(body, {
        label: `Learner error over time, compared with the baseline (${baseline})`,
        movingAxis: true,
        options: () => this.#errorOptions(),
        draw: () => this.#data(1, 2),
      });
    }
    const body = this.#addPanel('Skill', options.compact ? undefined : 'holdout');
    body.title = `1 is perfect, 0 is no better than the baseline (${baseline}).`;
    this.#skill = new Chart(body, {
      label: 'Learner skill over time',
      movingAxis: true,
      options: () => this.#skillOptions(),
      // the compact plot has no legend for the weights set aside
      draw: () => (this.#error ? this.#data(3, 4) : this.#data(3)),
    });
    const skill = this.#outputs.at(-1);
    if (skill) skill.dataset.testid = 'skill';
    this.#view = options.view;
    this.#paused = options.view?.paused ?? false;
    this.#veil = options.view && new Veil(this.#root, options.view, 'tapline-veil tapline-veil-whole');
    this.#unsubscribe = options.view?.onChange(() => this.#viewChanged()) ?? (() => undefined);
  }

  /** Adds a score. */
  push(loss: Loss): void {
    const time = loss.time ?? Date.now();
    if (Number.isNaN(this.#startTime)) this.#startTime = time;
    const { nmse, persistence, skill, holdout } = loss;
    const scores = [nmse, persistence, skill, holdout?.skill].map((score) => score ?? NaN);
    this.#history.add([(time - this.#startTime) / 1000, ...scores]);
    this.#newest = loss;
    if (!this.#view?.paused || !this.#drawn) this.#show();
  }

  /** Redraws with the current CSS variables. */
  refresh(): void {
    this.#error?.rebuild();
    this.#skill.rebuild();
  }

  /** Removes the plot from the page. */
  destroy(): void {
    this.#unsubscribe();
    this.#error?.destroy();
    this.#skill.destroy();
    this.#root.remove();
  }

  #viewChanged(): void {
    const { paused = false, fresh, clock } = this.#view ?? {};
    const source = `${paused} ${fresh} ${clock}`;
    if (source === this.#source) return;
    this.#source = source;
    this.#veil?.update();
    if (paused && this.#paused) return;
    this.#paused = paused;
    this.#show();
  }

  /** Time at the right edge, in ms since 1970: the newest score, or the clock while no data arrives. */
  get #end(): number {
    const newest = this.#startTime + 1000 * (this.#history.column(0).at(-1) ?? 0);
    return Math.max(newest, this.#view?.clock || newest);
  }

  #show(): void {
    const { nmse, skill, rms } = this.#newest ?? { nmse: NaN, skill: NaN };
    const shown = this.#error ? [nmse, skill] : [skill];
    const isConstant = nmse === null && rms != null;
    shown.forEach((value, at) => setText(this.#outputs[at], formatNumber(value ?? NaN)));
    if (isConstant) setText(this.#outputs[0], 'constant target');
    this.#outputs.at(-1)?.classList.toggle('tapline-good', Number(skill) > 0);
    this.#outputs.at(-1)?.classList.toggle('tapline-bad', Number(skill) < 0);
    this.#error?.invalidate();
    this.#skill.invalidate();
  }

  /** Adds a panel whose caption explains the dashed line as `dashed`, and returns the element of its plot. */
  #addPanel(title: string, dashed?: string): HTMLElement {
    const { head, body, caption } = addPlotPanel(this.#root, title, '');
    if (dashed !== undefined) {
      addElement(caption, 'i', 'tapline-dash');
      caption.append(` ${dashed}`);
      caption.title = `Dashed: ${title.toLowerCase()} of the ${dashed}`;
    } else setText(caption, '1 = perfect');
    const output = addElement(head, 'output', '');
    output.ariaLive = 'off';
    this.#outputs.push(output);
    return body;
  }

  #data(...columns: number[]): uPlot.AlignedData {
    const times = strictlyRising(this.#history.column(0));
    this.#drawn ||= times.length > 0;
    const end = (this.#end - this.#startTime) / 1000;
    const lines = columns.map((at) =>
      Array.from(this.#history.column(at), (value) =>
        Number.isNaN(value) ? null : Math.min(maxError, Math.max(minSkill, value)),
      ),
    );
    const [x, ...y] = breakAtOutages(times, lines);
    return [x.map((time) => time - end), ...y];
  }

  #timeAxis(theme: Theme): uPlot.Axis[] {
    const [x, y] = smallPlotAxes(theme, String, formatNumber);
    const edge = (): string => (this.#paused ? 'paused' : this.#view?.fresh ? 'now' : '');
    return [{ ...x, space: 68, ...clockTicks(() => this.#end, edge) }, y];
  }

  #errorOptions(): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.#error ?? this.#skill;
    const line = { points: { show: false }, pxAlign: 0 };
    return {
      ...staticPlot,
      series: [
        {},
        { ...line, stroke: theme.accent, width: 1.6 },
        { ...line, stroke: theme.ghost, width: 1.25, dash: [4, 3] },
      ],
      scales: {
        x: wholeHistory,
        y: { range: (_, _low, high) => [0, Math.min(maxError, Math.max(1, (high || 0) * 1.1))] },
      },
      axes: this.#timeAxis(theme),
    };
  }

  #skillOptions(): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.#skill;
    return {
      ...staticPlot,
      series: [
        {},
        {
          points: { show: false },
          pxAlign: 0,
          stroke: theme.good,
          width: 1.6,
          fill: `color-mix(in srgb, ${theme.good} 14%, transparent)`,
          fillTo: 0,
        },
        ...(this.#error
          ? [{ points: { show: false }, pxAlign: 0, stroke: theme.ghost, width: 1.25, dash: [4, 3] }]
          : []),
      ],
      scales: { x: wholeHistory, y: { range: (_, low) => [Math.min(0, low || 0), 1] } },
      axes: this.#timeAxis(theme),
    };
  }
}

/** Lower limit of the drawn values: the skill of an untrained learner can be very negative. */
const minSkill = -1;
/** Upper limit of the drawn errors. */
const maxError = 3;
/** The whole history, but at least 5 s. */
const wholeHistory: uPlot.Scale = { time: false, range: (_, low) => [Math.min(-5, low || 0), 0] };

/** A pause between scores this many times as long as usual, and at least `minOutage` s, is an outage. */
const outageFactor = 5;
const minOutage = 2;

/** Inserts null where scores are missing for longer than usual, so that no line is drawn there. `times` in s. */
export function breakAtOutages(
  times: readonly number[],
  lines: readonly (readonly (number | null)[])[],
): [x: number[], ...y: (number | null)[][]] {
  const steps = times.slice(1).map((time, at) => time - times[at]);
  const typical = [...steps].sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  const limit = Math.max(minOutage, outageFactor * typical);
  const breaks = new Set(steps.flatMap((step, at) => (step > limit ? [at] : [])));
  const join = <T>(list: readonly T[], between: (at: number) => T): T[] =>
    list.flatMap((entry, at) => (breaks.has(at) ? [entry, between(at)] : [entry]));
  return [join(times, (at) => (times[at] + times[at + 1]) / 2), ...lines.map((line) => join(line, () => null))];
}

/** Makes times strictly increasing, in case the clock was set back. */
function strictlyRising(times: Float64Array): number[] {
  let last = -Infinity;
  return Array.from(times, (time) => (last = Math.max(time, last + 1e-3)));
}

/**
 * A history of unlimited length in fixed memory. When it is full, neighboring entries are averaged in pairs, and from then
 * on each stored entry averages twice as many new ones. NaN is ignored.
 */
export class DownsampledHistory {
  readonly #columns: Float64Array[];
  readonly #capacity: number;
  readonly #pending: { sum: number; count: number }[];
  #length = 0;
  /** New entries per stored entry. */
  #factor = 1;
  #pendingEntries = 0;

  constructor(columns: number, capacity = 512) {
    this.#capacity = capacity;
    this.#columns = Array.from({ length: columns }, () => new Float64Array(capacity));
    this.#pending = this.#columns.map(() => ({ sum: 0, count: 0 }));
  }

  get length(): number {
    return this.#length;
  }

  /** The stored entries of a column, as a view. */
  column(at: number): Float64Array {
    return this.#columns[at].subarray(0, this.#length);
  }

  /** Adds one entry with a number for each column. */
  add(entry: readonly number[]): void {
    entry.forEach((value, at) => {
      if (!Number.isFinite(value)) return;
      this.#pending[at].sum += value;
      this.#pending[at].count++;
    });
    if (++this.#pendingEntries < this.#factor) return;
    this.#pending.forEach((pending, at) => {
      this.#columns[at][this.#length] = pending.count > 0 ? pending.sum / pending.count : NaN;
      pending.sum = 0;
      pending.count = 0;
    });
    this.#pendingEntries = 0;
    if (++this.#length === this.#capacity) this.#halve();
  }

  #halve(): void {
    this.#length = this.#capacity >> 1;
    this.#factor *= 2;
    for (const column of this.#columns)
      for (let at = 0; at < this.#length; at++) column[at] = mean(column[2 * at], column[2 * at + 1]);
  }
}

function mean(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : (a + b) / 2;
}
