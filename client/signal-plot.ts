import type uPlot from 'uplot';
import { type Block, frameCount } from '../src/core/blocks/block.ts';
import { invalid, oneOf } from '../src/core/check.ts';
import { type ClipMark, drawClipMarks } from './clip-marks.ts';
import { type Columns, decimate } from './decimate.ts';
import { showUnit } from './format-number.ts';
import { type LaneScale, ownScale, sharedScales } from './lane-scale.ts';
import type { Ring } from './ring.ts';
import { shadeSpans, type Span } from './shaded-spans.ts';
import { SignalLabels } from './signal-labels.ts';
import { eegRail, signalQuality } from './signal-quality.ts';
import type { Theme } from './theme.ts';
import { pointsWhenFew, TimeChart, type TimeOptions } from './time-chart.ts';

/** The label of a channel, or its label and unit. */
export type ChannelName =
  | string
  | {
      /** Label of the channel. */
      readonly label: string;
      /** Unit of the samples. Default: the unit of the plot. */
      readonly unit?: string;
    };

/** Whether channels are shown without their running mean ('ac') or as measured ('dc'). */
export type Coupling = 'ac' | 'dc';

/** Options of a SignalPlot. */
export interface SignalPlotOptions extends TimeOptions {
  /** The number of channels, or their names (default: as many as the first block has). */
  channels?: number | readonly ChannelName[];
  /** Unit of channels without a unit of their own. */
  unit?: string;
  /** Default: 'ac'. */
  coupling?: Coupling;
  /** Indices of the channels that are shown (default: all). */
  visible?: readonly number[];
  /** Limit of the amplifier, in the unit of the channels (default: 187,000 for µV). Channels beyond it are marked 'railed'. */
  rail?: number;
  /** Whether to show the lag: now minus the time of the newest frame (default: true). */
  lag?: boolean;
}

/** Lines are drawn up to this far from the center of their lane, in lanes. */
const halfLane = 0.49;
/** Longest sampling interval, in ms, of signals whose sensors are checked for flat and railed channels. */
const maxCheckedStep = 20;

/** Interval between updates of scales, badges, and values, in ms. */
const scaleInterval = 400;

/**
 * Raw channels in stacked lanes. AC-coupled lanes of the same unit share one scale if their amplitudes are similar, and
 * the removed mean is shown next to the label. DC-coupled lanes have a scale each. Outliers do not change the scales; a bar
 * at the edge of a lane marks where a line leaves it. Missing samples and samples that are not
 * finite are drawn as gaps.
 */
export class SignalPlot {
  readonly #unit: string;
  #names: readonly { label: string; unit: string }[] = [];
  readonly #time: TimeChart;
  readonly #labels: SignalLabels;
  readonly #rail: number | undefined;
  readonly #columns: Columns = { x: [], y: [] };
  #data: { ring: Ring; means: Ring } | undefined;
  #runningMean = new RunningMean(0);
  readonly #scales = new Map<number, LaneScale>();
  #coupling: Coupling;
  #selected: readonly number[] | undefined;
  #scaleTime = -Infinity;
  #spans: readonly Span[] = [];
  /** Where the drawn lines leave their lanes. */
  readonly #clipped: ClipMark[] = [];

  constructor(element: HTMLElement, options: SignalPlotOptions = {}) {
    this.#unit = options.unit ?? '';
    this.#coupling = oneOf('coupling', options.coupling ?? 'ac', ['ac', 'dc']);
    this.#selected = options.visible;
    this.#rail = options.rail;
    this.#time = new TimeChart(element, options, {
      label: 'Signal over time',
      options: (theme) => this.#options(theme),
      draw: (view) => this.#draw(view),
      resized: () => this.#relabel(),
    });
    this.#labels = new SignalLabels(this.#time.chart.root, options.lag ?? true);
    if (options.channels !== undefined) this.#setNames(options.channels);
  }

  /**
   * Adds a block.
   *
   * @throws RangeError if it has another number of channels than the plot.
   */
  push(block: Block): void {
    if (this.#names.length === 0) this.#setNames(block.channels);
    if (block.channels !== this.#names.length) throw invalid('block.channels', `${this.#names.length}`, block.channels);
    const ring = this.#time.ringFor(this.#data?.ring, block);
    const means = this.#time.ringFor(this.#data?.means, block);
    if (ring !== this.#data?.ring) this.#time.track(ring, means);
    this.#data = { ring, means };
    ring.push(block);
    means.push(this.#runningMean.update(block));
    this.#labels.setLag(Date.now() - ring.newest);
    this.#time.pushed(ring.newest);
  }

  /** Changes options. Pushed data is kept. */
  set(options: { window?: number; coupling?: Coupling; visible?: readonly number[] }): void {
    if (options.window !== undefined) this.#time.view.setWindow(options.window);
    this.#coupling = oneOf('coupling', options.coupling ?? this.#coupling, ['ac', 'dc']);
    this.#selected = options.visible ?? this.#selected;
    this.#scales.clear();
    this.#scaleTime = -Infinity;
    this.#relabel();
    this.#time.chart.rebuild();
  }

  /** Shades time spans in the lanes of their channels; replaces the spans of earlier calls. */
  mark(spans: readonly Span[]): void {
    this.#spans = spans;
    this.#time.chart.invalidate();
  }

  /** Redraws with the current CSS variables. */
  refresh(): void {
    this.#time.chart.rebuild();
  }

  /** Removes the plot from the page. */
  destroy(): void {
    this.#time.destroy();
  }

  /** Indices of the channels that are shown. */
  get #visible(): readonly number[] {
    return this.#selected ?? this.#names.map((_, channel) => channel);
  }

  #setNames(channels: number | readonly ChannelName[]): void {
    const unit = this.#unit;
    const names = typeof channels === 'number' ? Array.from({ length: channels }, (_, at) => `ch${at + 1}`) : channels;
    this.#names = names.map((name) =>
      typeof name === 'string' ? { label: name, unit } : { label: name.label, unit: name.unit ?? unit },
    );
    this.#runningMean = new RunningMean(names.length);
    this.#relabel();
    this.#time.chart.rebuild();
  }

  #options(theme: Theme): Pick<uPlot.Options, 'series' | 'axes' | 'scales' | 'hooks'> {
    const lanes = this.#visible.length;
    return {
      series: [
        {},
        ...this.#visible.map((channel) => ({
          stroke: theme.traces[channel % theme.traces.length],
          width: 1,
          points: pointsWhenFew,
          pxAlign: 0,
        })),
      ],
      scales: { y: { range: () => [0, Math.max(1, lanes)] } },
      hooks: {
        drawAxes: [
          (plot) => {
            const labels = this.#visible.map((channel) => this.#names[channel].label);
            shadeSpans(plot, this.#spans, labels, this.#time.view.end, theme.warn);
          },
        ],
        draw: [(plot) => drawClipMarks(plot, this.#clipped, theme.ink)],
      },
      axes: [
        {
          scale: 'y',
          size: theme.gutter,
          splits: () => Array.from({ length: lanes }, (_, lane) => lane + 0.5),
          values: (_, splits) => splits.map(() => ''),
          grid: { stroke: theme.line, width: 1 },
          ticks: { show: false },
        },
      ],
    };
  }

  #draw(view: { end: number; window: number; width: number }): uPlot.AlignedData {
    if (!this.#data) return [[], ...this.#visible.map(() => [])];
    const ring = this.#time.visibleRing(this.#data.ring);
    const means = this.#time.visibleRing(this.#data.means);
    const due = !this.#time.view.paused && performance.now() - this.#scaleTime > scaleInterval;
    if (due || this.#scaleTime === -Infinity) this.#updateLanes(ring, means, view);
    decimate(ring, view, this.#visible, this.#columns, this.#coupling === 'ac' ? means : undefined);
    this.#clipped.length = 0;
    this.#visible.forEach((channel, lane) => this.#scaleToLane(this.#columns.y[lane], channel, lane));
    return [this.#columns.x, ...this.#columns.y];
  }

  #scaleToLane(y: (number | null)[], channel: number, lane: number): void {
    const { low, high } = this.#scales.get(channel) ?? { low: -1, high: 1 };
    const center = this.#visible.length - lane - 0.5;
    const laneHeight = this.#coupling === 'ac' ? 0.94 : 0.8;
    for (let i = 0; i < y.length; i++) {
      const sample = y[i];
      if (sample === null) continue;
      const offset = laneHeight * ((sample - low) / (high - low) - 0.5);
      if (Math.abs(offset) > halfLane)
        this.#clipped.push({ x: this.#columns.x[i], y: center + Math.sign(offset) * halfLane, up: offset > 0 });
      y[i] = center + Math.max(-halfLane, Math.min(halfLane, offset));
    }
  }

  #updateLanes(ring: Ring, means: Ring, view: { end: number; window: number }): void {
    this.#scaleTime = performance.now();
    const from = Math.max(ring.first, ring.find(view.end - view.window));
    const to = ring.find(view.end);
    if (this.#coupling === 'ac') this.#updateSharedScales(ring, means, from, to);
    for (const channel of this.#visible) {
      if (this.#coupling === 'ac') continue;
      const scale = ownScale(ring, channel, from, to, this.#scales.get(channel));
      if (scale) this.#scales.set(channel, scale);
    }
    this.#visible.forEach((channel, lane) => {
      const rail = this.#rail ?? (showUnit(this.#names[channel].unit) === 'µV' ? eegRail : Infinity);
      const checked = this.#coupling === 'ac' || (ring.step > 0 && ring.step <= maxCheckedStep);
      const quality = checked ? signalQuality(ring, channel, rail) : 'ok';
      const newest = ring.data[ring.at(Math.max(ring.first, ring.next - 1)) * ring.channels + channel];
      const value = this.#coupling === 'ac' ? this.#runningMean.mean(channel) : newest;
      this.#labels.update(lane, value, quality, this.#scales.get(channel));
    });
    this.#labels.layOut(this.#time.chart.height);
  }

  #updateSharedScales(ring: Ring, means: Ring, from: number, to: number): void {
    for (const unit of new Set(this.#visible.map((channel) => this.#names[channel].unit))) {
      const group = this.#visible.filter((channel) => this.#names[channel].unit === unit);
      const scales = sharedScales(ring, means, group, from, to, this.#scales);
      for (const [channel, scale] of scales) this.#scales.set(channel, scale);
    }
  }

  #relabel(): void {
    const { theme, height } = this.#time.chart;
    const lanes = this.#visible.map((channel) => ({
      ...this.#names[channel],
      color: theme.traces[channel % theme.traces.length],
    }));
    this.#labels.setLanes(lanes, this.#coupling, height);
    this.#scaleTime = -Infinity;
  }
}

/**
 * The causal running mean of every channel, for AC-coupled display: the plain mean of the first time constant, then
 * m ← m + (x - m) / (τ · rate). Subtracting it is a first-order high-pass filter at 1 / (2πτ) Hz. It restarts after a gap
 * longer than τ, and ignores samples that are not finite.
 */
export class RunningMean {
  readonly #tau: number;
  readonly #means: Float64Array;
  readonly #counts: Float64Array;
  #next = 0;

  /** `tau`: time constant in s. */
  constructor(channels: number, tau = 1) {
    this.#tau = tau;
    this.#means = new Float64Array(channels).fill(NaN);
    this.#counts = new Float64Array(channels);
  }

  /** The current mean of a channel; NaN before its first sample. */
  mean(channel: number): number {
    return this.#means[channel];
  }

  /** Adds a block, and returns the means at each of its frames as a block of the same shape. */
  update(block: Block): Block {
    const { channels, start, rate, time } = block;
    const frames = frameCount(block);
    const maxCount = Math.max(1, this.#tau * (rate > 0 ? rate : 10));
    if (start < this.#next || start - this.#next > maxCount) this.#counts.fill(0);
    this.#next = start + frames;
    const data = new Float32Array(block.data.length);
    for (let i = 0; i < data.length; i++) {
      const channel = i % channels;
      const sample = block.data[i];
      if (Number.isFinite(sample)) this.#add(channel, sample, maxCount);
      data[i] = this.#means[channel];
    }
    return { data, channels, start, rate, time };
  }

  #add(channel: number, sample: number, maxCount: number): void {
    const count = Math.min(this.#counts[channel] + 1, maxCount);
    this.#counts[channel] = count;
    const mean = this.#means[channel];
    this.#means[channel] = count <= 1 ? sample : mean + (sample - mean) / count;
  }
}
