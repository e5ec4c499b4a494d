import type uPlot from 'uplot';
import { Chart } from './chart.ts';
import { addElement, setText } from './dom.ts';
import { formatAgo, timeSteps } from './format-time.ts';
import { formatNumber } from './format-number.ts';
import { addPlotPanel } from './small-plot.ts';
import { smallPlotAxes, staticPlot } from './small-plot.ts';
import { DownsampledHistory } from './downsampled-history.ts';
import { adoptStyle } from './style-sheet.ts';
import type { TimeView } from './time-view.ts';

/** How well a learner does: as the wire says it. Absent, null or NaN = not known yet. */
export interface Loss {
  /** Squared error over the variance of the truth: 0 is perfect, 1 no better than the mean. */
  readonly nmse: number | null;
  /** The same of the rival: of a forecast the last known truth, of who follows a target the truth's running mean. */
  readonly persistence?: number | null;
  /** 1 - nmse / persistence: 1 is perfect, 0 no better than the rival. */
  readonly skill: number | null;
  /** Root of the mean squared error: known without an nmse, nothing moves that could be forecast. */
  readonly rms?: number | null;
  /** When, in ms since 1970; now when nothing is said. */
  readonly time?: number;
}

export interface LossPlotOptions {
  /** Whether only the skill is drawn. */
  compact?: boolean;
  /** What the rival that skill is measured by says; 'nothing changes' when nothing is said. */
  baseline?: string;
  /** While this is paused, the picture stays as it is. */
  view?: TimeView;
}

/**
 * Error and skill of a learner from the first push to the last, however long ago: the past gets coarser, never longer.
 */
export class LossPlot {
  readonly #root: HTMLDivElement;
  readonly #record = new DownsampledHistory(4);
  readonly #error: Chart | undefined;
  readonly #skill: Chart;
  readonly #outputs: HTMLOutputElement[] = [];
  readonly #view: TimeView | undefined;
  readonly #end: () => void;
  #began = NaN;
  #newest: Loss | undefined;
  #drawn = false;
  #paused = false;

  constructor(element: HTMLElement, options: LossPlotOptions = {}) {
    const { baseline: rival = 'nothing changes' } = options;
    adoptStyle(element);
    this.#root = addElement(element, 'div', options.compact ? 'tapline' : 'tapline tapline-pair');
    if (!options.compact) {
      const body = this.#half('Error', dash, rival);
      this.#error = new Chart(body, {
        label: `Error of the learner over time, beside that of “${rival}”`,
        options: () => this.#errorOptions(),
        draw: () => this.#data(1, 2),
      });
    }
    const words = options.compact ? ['1 is perfect'] : ['1 perfect, 0', dash];
    const body = this.#half('Skill', ...words);
    body.title = `1 is perfect, 0 no better than “${rival}”`;
    this.#skill = new Chart(body, {
      label: 'Skill of the learner over time',
      options: () => this.#skillOptions(),
      draw: () => this.#data(3),
    });
    const skill = this.#outputs.at(-1);
    if (skill) skill.dataset.testid = 'skill';
    this.#view = options.view;
    this.#paused = options.view?.paused ?? false;
    this.#end = options.view?.onChange(() => this.#viewed()) ?? (() => undefined);
  }

  push(loss: Loss): void {
    const time = loss.time ?? Date.now();
    if (Number.isNaN(this.#began)) this.#began = time;
    const { nmse, persistence, skill } = loss;
    this.#record.add([(time - this.#began) / 1000, nmse ?? NaN, persistence ?? NaN, skill ?? NaN]);
    this.#newest = loss;
    if (!this.#view?.paused || !this.#drawn) this.#show();
  }

  /** Reads the CSS variables again. */
  refresh(): void {
    this.#error?.rebuild();
    this.#skill.rebuild();
  }

  destroy(): void {
    this.#end();
    this.#error?.destroy();
    this.#skill.destroy();
    this.#root.remove();
  }

  #viewed(): void {
    const paused = this.#view?.paused ?? false;
    if (paused === this.#paused) return;
    this.#paused = paused;
    for (const chart of [this.#error, this.#skill]) chart?.plot?.redraw(true, true);
    this.#show();
  }

  #show(): void {
    const { nmse, skill, rms } = this.#newest ?? { nmse: NaN, skill: NaN };
    const shown = this.#error ? [nmse, skill] : [skill];
    const rests = nmse === null && rms != null;
    shown.forEach((value, at) => setText(this.#outputs[at], formatNumber(value ?? NaN)));
    if (rests) setText(this.#outputs[0], 'nothing to forecast');
    this.#outputs.at(-1)?.classList.toggle('tapline-good', Number(skill) > 0);
    this.#outputs.at(-1)?.classList.toggle('tapline-bad', Number(skill) < 0);
    this.#error?.invalidate();
    this.#skill.invalidate();
  }

  #half(title: string, ...words: (string | symbol)[]): HTMLElement {
    const { head, body, caption } = addPlotPanel(this.#root, title, '');
    for (const word of words) {
      if (word === dash) addElement(caption, 'i', 'tapline-dash').title = 'the dashed line';
      else caption.append(` ${String(word)} `);
    }
    this.#outputs.push(addElement(head, 'output', ''));
    return body;
  }

  #data(...columns: number[]): uPlot.AlignedData {
    const times = strictlyRising(this.#record.column(0));
    this.#drawn ||= times.length > 0;
    const now = times.at(-1) ?? 0;
    const lines = columns.map((at) =>
      Array.from(this.#record.column(at), (value) =>
        Number.isNaN(value) ? null : Math.min(maxError, Math.max(minSkill, value)),
      ),
    );
    return [times.map((time) => time - now), ...lines];
  }

  #ago(x: number): string {
    if (x === 0) return this.#paused ? 'paused' : 'now';
    return formatAgo(-x, this.#record.column(0).at(-1) ?? 0);
  }

  #errorOptions(): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.#error ?? this.#skill;
    const line = { points: { show: false }, pxAlign: 0, spanGaps: true };
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
      axes: smallPlotAxes(theme, (x) => this.#ago(x), formatNumber, timeSteps),
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
          spanGaps: true,
          stroke: theme.good,
          width: 1.6,
          fill: `color-mix(in srgb, ${theme.good} 14%, transparent)`,
          fillTo: 0,
        },
      ],
      scales: { x: wholeHistory, y: { range: (_, low) => [Math.min(0, low || 0), 1] } },
      axes: smallPlotAxes(theme, (x) => this.#ago(x), formatNumber, timeSteps),
    };
  }
}

/** Stands for a stroke like that of the rival's line. */
const dash = Symbol('dash');
/** Skill below this is drawn there: how bad a beginner was says little. */
const minSkill = -1;
/** Errors above this are drawn there. */
const maxError = 3;
/** The whole record, and 5 s at least. */
const wholeHistory: uPlot.Scale = { time: false, range: (_, low) => [Math.min(-5, low || 0), 0] };

/** Times that rise strictly, whatever the clock did. */
function strictlyRising(times: Float64Array): number[] {
  let last = -Infinity;
  return Array.from(times, (time) => (last = Math.max(time, last + 1e-3)));
}
