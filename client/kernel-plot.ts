import type uPlot from 'uplot';
import { invalid, positive } from '../src/core/check.ts';
import { Chart } from './chart.ts';
import { addElement, setText } from './dom.ts';
import { frequencyUnit, lagUnit, type TimeUnit } from './format-time.ts';
import { formatNumber } from './format-number.ts';
import { addPlotPanel, smallPlotAxes, staticPlot } from './small-plot.ts';
import { kernelSpectrum } from './spectrum.ts';
import { SpectrumChart } from './spectrum-chart.ts';
import { adoptStyle } from './style-sheet.ts';
import type { TimeView } from './time-view.ts';

/** Options of a KernelPlot. */
export interface KernelPlotOptions {
  /** Sampling rate of the kernel's input in Hz. If it is missing or 0, lags are in taps. */
  rate?: number;
  /** Names of the inputs. */
  inputs?: readonly string[];
  /** Names of the outputs. */
  outputs?: readonly string[];
  /** Index of the output whose kernels are shown (default: the strongest). */
  output?: number;
  /** Index of each input's channel in a SignalPlot, so that both plots use the same colors (default: 0, 1, 2, …). */
  channels?: readonly number[];
  /** @deprecated Use `channels`. */
  places?: readonly number[];
  /** The plot is not updated while this view is paused. */
  view?: TimeView;
}

/** The kernels of a layer, [outputs, taps, inputs] in lag order, and optionally their initial values in the same shape. */
export interface Kernels {
  /** Number of outputs, taps, and inputs. */
  readonly shape: readonly [outputs: number, taps: number, inputs: number];
  /** Weights in row-major order. */
  readonly data: ArrayLike<number>;
  /** Initial weights in the same shape; drawn dashed. */
  readonly start?: ArrayLike<number>;
}

/** Inputs that are drawn: the strongest ones. */
const maxLines = 8;
/** Largest number of inputs whose names are listed. */
const maxNames = 4;

/**
 * The current kernels of one output, with one line per input, and their spectrum with its peak frequency. The initial
 * kernels are dashed. Lag 0, the newest frame, is on the left.
 */
export class KernelPlot {
  readonly #root: HTMLDivElement;
  readonly #names: HTMLElement;
  readonly #peak: HTMLOutputElement;
  readonly #select: HTMLSelectElement;
  readonly #kernel: Chart;
  readonly #spectrum: SpectrumChart;
  readonly #rate: number;
  readonly #frequencyUnit: TimeUnit;
  readonly #options: KernelPlotOptions;
  readonly #unsubscribe: () => void;
  #shape: readonly [number, number, number] = [0, 0, 0];
  #data: Float64Array = new Float64Array(0);
  #start: Float64Array = new Float64Array(0);
  #output: number | undefined;
  /** Indices of the inputs that are drawn. */
  #lines: readonly number[] = [];
  /** The newest kernels pushed while the view was paused. */
  #pending: Kernels | undefined;

  constructor(element: HTMLElement, options: KernelPlotOptions = {}) {
    const { rate = 0, view } = options;
    this.#rate = rate === 0 ? 0 : positive('rate', rate, 'Hz');
    this.#frequencyUnit = this.#rate > 0 ? frequencyUnit(this.#rate) : { name: '', size: 1 };
    this.#options = options;
    this.#output = options.output;
    adoptStyle(element);
    this.#root = addElement(element, 'div', 'tapline tapline-pair');
    const left = addPlotPanel(this.#root, 'Kernel', 'weight by lag');
    this.#names = left.caption;
    this.#select = addElement(left.head, 'select', '');
    this.#select.setAttribute('aria-label', 'Output');
    this.#select.hidden = true;
    this.#select.addEventListener('change', () => this.#show(Number(this.#select.value)));
    const right = addPlotPanel(this.#root, 'Spectrum', 'gain');
    this.#peak = addElement(right.head, 'output', '');
    this.#peak.ariaLive = 'off';
    this.#peak.dataset.testid = 'kernel-peak';
    this.#kernel = new Chart(left.body, {
      label: 'Kernel weights by lag, current and initial',
      options: () => this.#kernelOptions(),
      draw: () => this.#drawKernel(),
    });
    this.#spectrum = new SpectrumChart(right.body, (x) => this.#frequency(x, formatNumber));
    this.#unsubscribe = view?.onChange(() => this.#pushPending()) ?? (() => undefined);
  }

  /**
   * Updates the kernels. Without `start`, the first kernels pushed are shown as the initial ones.
   *
   * @throws RangeError if the length of `data` does not match `shape`.
   */
  push(kernels: Kernels): void {
    const [outputs, taps, inputs] = kernels.shape;
    const size = outputs * taps * inputs;
    if (kernels.data.length !== size || size === 0)
      throw invalid('data.length', `${size} (outputs · taps · inputs) and at least 1`, kernels.data.length);
    if (this.#options.view?.paused && this.#data.length > 0) {
      this.#pending = kernels;
      return;
    }
    const reshaped = this.#shape.some((length, axis) => length !== kernels.shape[axis]);
    this.#shape = kernels.shape;
    this.#data = Float64Array.from(kernels.data);
    if (kernels.start?.length === size) this.#start = Float64Array.from(kernels.start);
    else if (reshaped) this.#start = this.#data;
    if (reshaped) this.#updateNames();
    this.#output ??= this.#strongest();
    this.#show(Math.min(this.#output, outputs - 1));
  }

  /** Redraws with the current CSS variables. */
  refresh(): void {
    this.#kernel.rebuild();
    this.#spectrum.refresh();
  }

  /** Removes the plot from the page. */
  destroy(): void {
    this.#unsubscribe();
    this.#kernel.destroy();
    this.#spectrum.destroy();
    this.#root.remove();
  }

  #pushPending(): void {
    if (this.#options.view?.paused || !this.#pending) return;
    const kernels = this.#pending;
    this.#pending = undefined;
    this.push(kernels);
  }

  #show(output: number): void {
    this.#output = output;
    this.#select.value = String(output);
    const inputs = this.#shape[2];
    const rate = (this.#rate || 1) * this.#frequencyUnit.size;
    const now = kernelSpectrum(this.#slice(this.#data), inputs, rate);
    const start = kernelSpectrum(this.#slice(this.#start), inputs, rate);
    const peak =
      this.#rate > 0 ? this.#frequency(now.peak, (x) => x.toFixed(1)) : `${now.peak.toFixed(3)} cycles/frame`;
    setText(this.#peak, Number.isFinite(now.peak) ? `peak ${peak}` : '');
    const lines = this.#strongestInputs();
    if (lines.join() !== this.#lines.join()) {
      this.#lines = lines;
      this.#kernel.rebuild();
    }
    this.#kernel.invalidate();
    this.#spectrum.show(now, start);
  }

  /** Fills the output menu, and lists the inputs in the colors of their lines if they are few. */
  #updateNames(): void {
    const { inputs = [], outputs = [] } = this.#options;
    this.#select.hidden = this.#shape[0] < 2;
    this.#select.replaceChildren();
    for (let output = 0; output < this.#shape[0]; output++) {
      const option = addElement(this.#select, 'option', '');
      option.value = String(output);
      setText(option, outputs[output] ?? `Output ${output + 1}`);
    }
    this.#names.replaceChildren();
    for (const [input, name] of inputs.entries()) {
      if (this.#shape[2] > maxNames) break;
      const label = addElement(this.#names, 'b', '');
      setText(label, `${name} `);
      label.style.color = `var(--_trace-${this.#trace(input) + 1})`;
    }
    this.#names.append('weight by lag');
  }

  /** Index of an input's color among the eight trace colors. */
  #trace(input: number): number {
    const { channels = this.#options.places } = this.#options;
    return (channels?.[input] ?? input) % 8;
  }

  #strongest(): number {
    const size = this.#shape[1] * this.#shape[2];
    const energies = Array.from({ length: this.#shape[0] }, (_, output) =>
      energy(this.#data.subarray(output * size, (output + 1) * size)),
    );
    return energies.indexOf(Math.max(...energies));
  }

  #strongestInputs(): number[] {
    const count = this.#shape[2];
    const weights = this.#slice(this.#data);
    const inputs = Array.from({ length: count }, (_, input) => input);
    if (count <= maxLines) return inputs;
    const energies = inputs.map((input) => energy(weights.filter((_, at) => at % count === input)));
    const strongest = inputs.sort((a, b) => energies[b] - energies[a]).slice(0, maxLines);
    return strongest.sort((a, b) => a - b);
  }

  #slice(weights: Float64Array): Float64Array {
    const size = this.#shape[1] * this.#shape[2];
    return weights.subarray((this.#output ?? 0) * size, ((this.#output ?? 0) + 1) * size);
  }

  #frequency(x: number, format: (x: number) => string): string {
    const { name } = this.#frequencyUnit;
    return name.startsWith('/') ? `${format(x)}${name}` : `${format(x)} ${name}`.trim();
  }

  /** The unit of lags. */
  get #lag(): TimeUnit {
    return this.#rate > 0 ? lagUnit(this.#shape[1] / this.#rate) : { name: '', size: 1 };
  }

  #kernelOptions(): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.#kernel;
    const line = { points: { show: false }, pxAlign: 0 };
    const ghosts = this.#lines.map(() => ({ ...line, stroke: theme.ghost, width: 1, dash: [3, 3] }));
    const lines = this.#lines.map((input) => ({ ...line, stroke: theme.traces[this.#trace(input)], width: 1.6 }));
    return {
      ...staticPlot,
      series: [{}, ...ghosts, ...lines],
      scales: { x: { time: false }, y: { range: (_, low, high) => symmetricRange(low, high) } },
      axes: smallPlotAxes(theme, (x) => `${formatNumber(x)} ${this.#lag.name}`.trim(), formatNumber),
    };
  }

  #drawKernel(): uPlot.AlignedData {
    const [, taps, inputs] = this.#shape;
    const x = Array.from({ length: taps }, (_, tap) => tap / (this.#rate || 1) / this.#lag.size);
    const lines = (weights: Float64Array): number[][] =>
      this.#lines.map((input) => x.map((_, tap) => weights[tap * inputs + input]));
    return [x, ...lines(this.#slice(this.#start)), ...lines(this.#slice(this.#data))];
  }
}

function energy(weights: Float64Array): number {
  return weights.reduce((sum, weight) => sum + weight * weight, 0);
}

/** A range centered on 0. */
function symmetricRange(low: number | null, high: number | null): [number, number] {
  const size = Math.max(Math.abs(low ?? 0), Math.abs(high ?? 0)) * 1.1 || 1;
  return [-size, size];
}
