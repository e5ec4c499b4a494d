import type uPlot from 'uplot';
import { Chart } from './chart.ts';
import { addElement, writeText } from './element.ts';
import { formatNumber } from './format-number.ts';
import { lineAxes, plainCursor } from './line-axes.ts';
import { LongRecord } from './long-record.ts';
import { adoptStyle } from './style-sheet.ts';

/** How well a learner does: as the wire says it. Absent, null or NaN = not known yet. */
export interface Loss {
  /** Squared error over the variance of the truth: 0 is perfect, 1 no better than the mean. */
  readonly nmse: number | null;
  /** The same of the last known truth. */
  readonly persistence?: number | null;
  /** 1 - nmse / persistence: 1 is perfect, 0 no better than "nothing changes". */
  readonly skill: number | null;
  /** When, in ms since 1970; now when nothing is said. */
  readonly time?: number;
}

export interface LossPlotOptions {
  /** Whether only the skill is drawn. */
  compact?: boolean;
}

/**
 * Error and skill of a learner from the first push to the last, however long ago: the past gets coarser, never longer.
 */
export class LossPlot {
  readonly #root: HTMLDivElement;
  readonly #record = new LongRecord(4);
  readonly #error: Chart | undefined;
  readonly #skill: Chart;
  readonly #outputs: HTMLOutputElement[] = [];
  #began = NaN;

  constructor(element: HTMLElement, options: LossPlotOptions = {}) {
    adoptStyle(element);
    this.#root = addElement(element, 'div', options.compact ? 'tapline' : 'tapline tapline-pair');
    if (!options.compact) {
      const body = this.#half('Error', 'dashed: persistence');
      this.#error = new Chart(body, {
        label: 'Error of the learner over time, beside that of persistence',
        options: () => this.#errorOptions(),
        draw: () => this.#data(1, 2),
      });
    }
    const body = this.#half('Skill', '1 perfect, 0 none');
    this.#skill = new Chart(body, {
      label: 'Skill of the learner over time',
      options: () => this.#skillOptions(),
      draw: () => this.#data(3),
    });
    const skill = this.#outputs.at(-1);
    skill?.classList.add('tapline-good');
    if (skill) skill.dataset.testid = 'skill';
  }

  push(loss: Loss): void {
    const time = loss.time ?? Date.now();
    if (Number.isNaN(this.#began)) this.#began = time;
    const { nmse, persistence, skill } = loss;
    this.#record.add([(time - this.#began) / 1000, nmse ?? NaN, persistence ?? NaN, skill ?? NaN]);
    const shown = this.#error ? [nmse, skill] : [skill];
    shown.forEach((value, at) => writeText(this.#outputs[at], formatNumber(value ?? NaN)));
    this.#error?.invalidate();
    this.#skill.invalidate();
  }

  /** Reads the CSS variables again. */
  refresh(): void {
    this.#error?.rebuild();
    this.#skill.rebuild();
  }

  destroy(): void {
    this.#error?.destroy();
    this.#skill.destroy();
    this.#root.remove();
  }

  #half(title: string, caption: string): HTMLElement {
    const side = addElement(this.#root, 'div', 'tapline-half');
    const head = addElement(side, 'div', 'tapline-head');
    writeText(addElement(head, 'strong', ''), title);
    writeText(addElement(head, 'span', ''), caption);
    this.#outputs.push(addElement(head, 'output', ''));
    return addElement(side, 'div', 'tapline-body');
  }

  #data(...columns: number[]): uPlot.AlignedData {
    const x = rising(this.#record.column(0));
    const lines = columns.map((at) =>
      Array.from(this.#record.column(at), (value) => (Number.isNaN(value) ? null : value)),
    );
    return [x, ...lines];
  }

  #errorOptions(): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.#error ?? this.#skill;
    const line = { points: { show: false }, pxAlign: 0, spanGaps: true };
    return {
      ...plainCursor,
      series: [
        {},
        { ...line, stroke: theme.accent, width: 1.6 },
        { ...line, stroke: theme.ghost, width: 1.25, dash: [4, 3] },
      ],
      scales: { x: { time: false }, y: { range: (_, _low, high) => [0, Math.min(3, Math.max(1, (high || 0) * 1.1))] } },
      axes: lineAxes(theme, formatElapsed, formatNumber),
    };
  }

  #skillOptions(): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.#skill;
    return {
      ...plainCursor,
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
      scales: { x: { time: false }, y: { range: (_, low) => [Math.max(-2, Math.min(0, low || 0)), 1] } },
      axes: lineAxes(theme, formatElapsed, formatNumber),
    };
  }
}

/** Times that rise strictly, whatever the clock did. */
function rising(times: Float64Array): number[] {
  let last = -Infinity;
  return Array.from(times, (time) => (last = Math.max(time, last + 1e-3)));
}

function formatElapsed(seconds: number): string {
  if (seconds < 120) return `${formatNumber(seconds)} s`;
  return seconds < 7200 ? `${formatNumber(seconds / 60)} min` : `${formatNumber(seconds / 3600)} h`;
}
