import type uPlot from 'uplot';
import { Chart } from './chart.ts';
import { formatNumber } from './format-number.ts';
import { smallPlotAxes, staticPlot } from './small-plot.ts';
import type { Spectrum } from './spectrum.ts';

/** A chart of the current and the initial spectrum of a kernel, with a line at the peak. */
export class SpectrumChart {
  readonly #chart: Chart;
  readonly #formatFrequency: (x: number) => string;
  #spectra: { now: Spectrum; start: Spectrum } | undefined;

  constructor(element: HTMLElement, formatFrequency: (x: number) => string) {
    this.#formatFrequency = formatFrequency;
    this.#chart = new Chart(element, {
      label: 'Frequency response of the kernel',
      options: () => this.#options(),
      draw: () => this.#draw(),
    });
  }

  show(now: Spectrum, start: Spectrum): void {
    this.#spectra = { now, start };
    this.#chart.invalidate();
  }

  refresh(): void {
    this.#chart.rebuild();
  }

  destroy(): void {
    this.#chart.destroy();
  }

  #options(): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.#chart;
    const line = { points: { show: false }, pxAlign: 0 };
    return {
      ...staticPlot,
      series: [
        {},
        { ...line, stroke: theme.ghost, width: 1, dash: [3, 3] },
        { ...line, stroke: theme.accent, width: 1.6, fill: `color-mix(in srgb, ${theme.accent} 14%, transparent)` },
      ],
      scales: { x: { time: false }, y: { range: (_, _low, high) => [0, high > 0 ? high * 1.12 : 1] } },
      axes: smallPlotAxes(theme, this.#formatFrequency, formatNumber),
      hooks: { draw: [(plot) => this.#markPeak(plot)] },
    };
  }

  #draw(): uPlot.AlignedData {
    if (!this.#spectra) return [[], [], []];
    const { now, start } = this.#spectra;
    return [now.hz, start.magnitude, now.magnitude];
  }

  #markPeak(plot: uPlot): void {
    const peak = this.#spectra?.now.peak ?? NaN;
    if (!Number.isFinite(peak)) return;
    const { ctx, bbox } = plot;
    const x = Math.round(plot.valToPos(peak, 'x', true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = this.#chart.theme.accent;
    ctx.setLineDash([2, 3]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }
}
