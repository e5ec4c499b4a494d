import type uPlot from 'uplot';
import { invalid, positive } from '../src/core/check.ts';
import { Chart } from './chart.ts';
import { addElement, writeText } from './element.ts';
import { formatNumber } from './format-number.ts';
import { lineAxes, plainCursor } from './line-axes.ts';
import { kernelSpectrum, type Spectrum } from './spectrum.ts';
import { adoptStyle } from './style-sheet.ts';

export interface KernelPlotOptions {
  /** Frames a second of what the kernel reads, in Hz; not said, or 0: lags are counted in taps. */
  rate?: number;
  /** What the inputs and outputs are called. */
  inputs?: readonly string[];
  outputs?: readonly string[];
  /** The output whose kernels are shown; the strongest when nothing is said. */
  output?: number;
}

/** The kernels of a layer, [out, taps, in] in lag order; `start` as they were first, in the same shape. */
export interface Kernels {
  readonly shape: readonly [outputs: number, taps: number, inputs: number];
  readonly data: ArrayLike<number>;
  readonly start?: ArrayLike<number>;
}

/** No more inputs than this are drawn, the strongest first. */
const mostLines = 8;

/**
 * The kernels of one output as they change, one line for each input, with the first ones ghosted behind; and their
 * spectrum, with its peak in Hz. Lag 0, the newest frame, is on the left.
 */
export class KernelPlot {
  readonly #root: HTMLDivElement;
  readonly #peak: HTMLOutputElement;
  readonly #select: HTMLSelectElement;
  readonly #kernel: Chart;
  readonly #spectrum: Chart;
  readonly #rate: number;
  readonly #names: Pick<KernelPlotOptions, 'inputs' | 'outputs'>;
  #shape: readonly [number, number, number] = [0, 0, 0];
  #data: Float64Array = new Float64Array(0);
  #start: Float64Array = new Float64Array(0);
  #output: number | undefined;
  #lines = 0;
  #found: { now: Spectrum; start: Spectrum } | undefined;

  constructor(element: HTMLElement, options: KernelPlotOptions = {}) {
    const { rate = 0 } = options;
    this.#rate = rate === 0 ? 0 : positive('rate', rate, 'Hz');
    this.#names = options;
    this.#output = options.output;
    adoptStyle(element);
    this.#root = addElement(element, 'div', 'tapline tapline-pair');
    const [left, kernelHead] = half(this.#root);
    writeText(addElement(kernelHead, 'strong', ''), 'Kernel');
    writeText(addElement(kernelHead, 'span', ''), 'weight by lag');
    this.#select = addElement(kernelHead, 'select', '');
    this.#select.setAttribute('aria-label', 'Output whose kernel is shown');
    this.#select.hidden = true;
    this.#select.addEventListener('change', () => this.#choose(Number(this.#select.value)));
    const [right, spectrumHead] = half(this.#root);
    writeText(addElement(spectrumHead, 'strong', ''), 'Spectrum');
    this.#peak = addElement(spectrumHead, 'output', '');
    this.#peak.dataset.testid = 'kernel-peak';
    this.#kernel = new Chart(left, {
      label: 'Weights of the kernel by lag, and where they started',
      options: () => this.#kernelOptions(),
      draw: () => this.#drawKernel(),
    });
    this.#spectrum = new Chart(right, {
      label: 'Magnitude of the kernel by frequency',
      options: () => this.#spectrumOptions(),
      draw: () => this.#drawSpectrum(),
    });
  }

  /** Takes the kernels as they are now. Without a `start` the first ones pushed are the start. */
  push(kernels: Kernels): void {
    const [outputs, taps, inputs] = kernels.shape;
    const size = outputs * taps * inputs;
    if (kernels.data.length !== size || size === 0)
      throw invalid('data.length', `${size} numbers, out · taps · in, at least 1`, kernels.data.length);
    const anew = this.#shape.some((length, axis) => length !== kernels.shape[axis]);
    this.#shape = kernels.shape;
    this.#data = Float64Array.from(kernels.data);
    if (kernels.start?.length === size) this.#start = Float64Array.from(kernels.start);
    else if (anew) this.#start = this.#data;
    if (anew) this.#offer();
    this.#output ??= this.#strongest();
    this.#choose(Math.min(this.#output, outputs - 1));
  }

  /** Reads the CSS variables again. */
  refresh(): void {
    this.#kernel.rebuild();
    this.#spectrum.rebuild();
  }

  destroy(): void {
    this.#kernel.destroy();
    this.#spectrum.destroy();
    this.#root.remove();
  }

  #choose(output: number): void {
    this.#output = output;
    this.#select.value = String(output);
    const inputs = this.#shape[2];
    this.#found = {
      now: kernelSpectrum(this.#slice(this.#data), inputs, this.#rate || 1),
      start: kernelSpectrum(this.#slice(this.#start), inputs, this.#rate || 1),
    };
    const { peak } = this.#found.now;
    writeText(this.#peak, Number.isFinite(peak) ? `peak ${peak.toFixed(this.#rate > 0 ? 1 : 3)} ${this.#hz()}` : '');
    const lines = Math.min(mostLines, inputs);
    if (lines !== this.#lines) {
      this.#lines = lines;
      this.#kernel.rebuild();
    }
    this.#kernel.invalidate();
    this.#spectrum.invalidate();
  }

  #offer(): void {
    const outputs = this.#shape[0];
    this.#select.hidden = outputs < 2;
    this.#select.replaceChildren();
    for (let output = 0; output < outputs; output++) {
      const option = addElement(this.#select, 'option', '');
      option.value = String(output);
      writeText(option, this.#names.outputs?.[output] ?? `output ${output + 1}`);
    }
  }

  #strongest(): number {
    const [outputs, taps, inputs] = this.#shape;
    const energy = Array.from({ length: outputs }, (_, output) =>
      this.#data.subarray(output * taps * inputs, (output + 1) * taps * inputs).reduce((sum, w) => sum + w * w, 0),
    );
    return energy.indexOf(Math.max(...energy));
  }

  #slice(weights: Float64Array): Float64Array {
    const size = this.#shape[1] * this.#shape[2];
    return weights.subarray((this.#output ?? 0) * size, ((this.#output ?? 0) + 1) * size);
  }

  #hz(): string {
    return this.#rate > 0 ? 'Hz' : 'of the rate';
  }

  #kernelOptions(): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.#kernel;
    const line = { points: { show: false }, pxAlign: 0 };
    const ghosts = Array.from({ length: this.#lines }, () => ({
      ...line,
      stroke: theme.ghost,
      width: 1,
      dash: [3, 3],
    }));
    const lines = ghosts.map((_, at) => ({ ...line, stroke: theme.traces[at % 8], width: 1.6 }));
    return {
      ...plainCursor,
      series: [{}, ...ghosts, ...lines],
      scales: { x: { time: false }, y: { range: (_, low, high) => around(low, high) } },
      axes: lineAxes(theme, (x) => (this.#rate > 0 ? `${formatNumber(x)} ms` : formatNumber(x)), formatNumber),
    };
  }

  #drawKernel(): uPlot.AlignedData {
    const [, taps, inputs] = this.#shape;
    const x = Array.from({ length: taps }, (_, tap) => (this.#rate > 0 ? (tap * 1000) / this.#rate : tap));
    const now = this.#slice(this.#data);
    const start = this.#slice(this.#start);
    const energy = (input: number): number => x.reduce((sum, _, tap) => sum + now[tap * inputs + input] ** 2, 0);
    const order = Array.from({ length: inputs }, (_, input) => input);
    if (inputs > mostLines) order.sort((a, b) => energy(b) - energy(a));
    const drawn = order.slice(0, this.#lines);
    const lines = (weights: Float64Array): number[][] =>
      drawn.map((input) => x.map((_, tap) => weights[tap * inputs + input]));
    return [x, ...lines(start), ...lines(now)];
  }

  #spectrumOptions(): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.#spectrum;
    const line = { points: { show: false }, pxAlign: 0 };
    return {
      ...plainCursor,
      series: [
        {},
        { ...line, stroke: theme.ghost, width: 1, dash: [3, 3] },
        { ...line, stroke: theme.accent, width: 1.6, fill: `color-mix(in srgb, ${theme.accent} 14%, transparent)` },
      ],
      scales: { x: { time: false }, y: { range: (_, _low, high) => [0, high > 0 ? high * 1.12 : 1] } },
      axes: lineAxes(theme, (x) => (this.#rate > 0 ? `${formatNumber(x)} Hz` : formatNumber(x)), formatNumber),
      hooks: { draw: [(plot) => this.#markPeak(plot)] },
    };
  }

  #drawSpectrum(): uPlot.AlignedData {
    if (!this.#found) return [[], [], []];
    const { now, start } = this.#found;
    return [now.hz, start.magnitude, now.magnitude];
  }

  #markPeak(plot: uPlot): void {
    const peak = this.#found?.now.peak ?? NaN;
    if (!Number.isFinite(peak)) return;
    const { ctx, bbox } = plot;
    const x = Math.round(plot.valToPos(peak, 'x', true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = this.#spectrum.theme.accent;
    ctx.setLineDash([2, 3]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }
}

function half(root: HTMLElement): [body: HTMLElement, head: HTMLElement] {
  const side = addElement(root, 'div', 'tapline-half');
  const head = addElement(side, 'div', 'tapline-head');
  return [addElement(side, 'div', 'tapline-body'), head];
}

function around(low: number | null, high: number | null): [number, number] {
  const size = Math.max(Math.abs(low ?? 0), Math.abs(high ?? 0)) * 1.1 || 1;
  return [-size, size];
}
