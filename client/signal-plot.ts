import type uPlot from 'uplot';
import type { Block } from '../src/core/blocks/block.ts';
import { invalid, oneOf } from '../src/core/check.ts';
import { RunningMean } from './running-mean.ts';
import { type Columns, decimate } from './decimate.ts';
import { showUnit } from './format-number.ts';
import { type LaneScale, ownScale, sharedScale } from './lane-scale.ts';
import { SignalLabels } from './signal-labels.ts';
import { shadeSpans, type Span } from './shaded-spans.ts';
import { eegRail, signalQuality } from './signal-quality.ts';
import type { Ring } from './ring.ts';
import { pointsWhenFew, TimeChart, type TimeOptions } from './time-chart.ts';
import type { Theme } from './theme.ts';

/** A channel by its label, or by label and unit. */
export type ChannelName = string | { readonly label: string; readonly unit?: string };

/** Whether a channel is shown with its running mean taken off ('ac'), or as it is ('dc'). */
export type Coupling = 'ac' | 'dc';

export interface SignalPlotOptions extends TimeOptions {
  /** How many channels, or what they are called; as many as the first block has when nothing is said. */
  channels?: number | readonly ChannelName[];
  /** The unit of channels that do not say their own. */
  unit?: string;
  coupling?: Coupling;
  /** Places of the channels that are shown; all when nothing is said. */
  visible?: readonly number[];
  /** The amplifier's limit, in the channels' unit: beyond it a channel is marked 'rail'. In µV 187 000 by default. */
  rail?: number;
  /** Whether the lag (now minus the newest frame's time) is shown. */
  lag?: boolean;
}

/** How often scales, badges and numbers are looked at, in ms. */
const scaleInterval = 400;

/**
 * Raw channels, one lane each under the other. AC-coupled lanes share one scale for each unit, so that sizes compare; the
 * mean that was taken off stands beside the label. DC-coupled lanes have a scale of their own. Gaps and samples that are
 * not finite are gaps.
 */
export class SignalPlot {
  readonly #unit: string;
  #names: readonly { label: string; unit: string }[] = [];
  readonly #time: TimeChart;
  readonly #labels: SignalLabels;
  readonly #rail: number | undefined;
  readonly #columns: Columns = { x: [], y: [] };
  #kept: { ring: Ring; means: Ring } | undefined;
  #baseline = new RunningMean(0);
  readonly #scales = new Map<number, LaneScale>();
  #coupling: Coupling;
  #chosen: readonly number[] | undefined;
  #looked = -Infinity;
  #spans: readonly Span[] = [];

  constructor(element: HTMLElement, options: SignalPlotOptions = {}) {
    this.#unit = options.unit ?? '';
    this.#coupling = oneOf('coupling', options.coupling ?? 'ac', ['ac', 'dc']);
    this.#chosen = options.visible;
    this.#rail = options.rail;
    this.#time = new TimeChart(element, options, {
      label: 'Signal over time',
      options: (theme) => this.#options(theme),
      draw: (view) => this.#draw(view),
      resized: () => this.#relabel(),
    });
    this.#labels = new SignalLabels(this.#time.chart.root, options.lag ?? true);
    if (options.channels !== undefined) this.#name(options.channels);
  }

  /** Takes the next block. Throws a RangeError when its channels are not as many as the plot's. */
  push(block: Block): void {
    if (this.#names.length === 0) this.#name(block.channels);
    if (block.channels !== this.#names.length) throw invalid('block.channels', `${this.#names.length}`, block.channels);
    const ring = this.#time.ringFor(this.#kept?.ring, block);
    const means = this.#time.ringFor(this.#kept?.means, block);
    if (ring !== this.#kept?.ring) this.#time.track(ring, means);
    this.#kept = { ring, means };
    ring.push(block);
    means.push(this.#baseline.update(block));
    this.#labels.setLag(Date.now() - ring.newest);
    this.#time.view.advance(ring.newest);
  }

  /** Changes what is shown, without losing what was pushed. */
  set(options: { window?: number; coupling?: Coupling; visible?: readonly number[] }): void {
    if (options.window !== undefined) this.#time.view.setWindow(options.window);
    this.#coupling = oneOf('coupling', options.coupling ?? this.#coupling, ['ac', 'dc']);
    this.#chosen = options.visible ?? this.#chosen;
    this.#scales.clear();
    this.#looked = -Infinity;
    this.#relabel();
    this.#time.chart.rebuild();
  }

  /** Shades stretches of time in the lanes of their channels, in place of those before. */
  mark(spans: readonly Span[]): void {
    this.#spans = spans;
    this.#time.chart.invalidate();
  }

  /** Reads the CSS variables again. */
  refresh(): void {
    this.#time.chart.rebuild();
  }

  destroy(): void {
    this.#time.destroy();
  }

  /** Places of the channels that are shown. */
  get #visible(): readonly number[] {
    return this.#chosen ?? this.#names.map((_, channel) => channel);
  }

  #name(channels: number | readonly ChannelName[]): void {
    const unit = this.#unit;
    const names = typeof channels === 'number' ? Array.from({ length: channels }, (_, at) => `ch${at + 1}`) : channels;
    this.#names = names.map((name) =>
      typeof name === 'string' ? { label: name, unit } : { label: name.label, unit: name.unit ?? unit },
    );
    this.#baseline = new RunningMean(names.length);
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
    if (!this.#kept) return [[], ...this.#visible.map(() => [])];
    const ring = this.#time.visibleRing(this.#kept.ring);
    const means = this.#time.visibleRing(this.#kept.means);
    const due = !this.#time.view.paused && performance.now() - this.#looked > scaleInterval;
    if (due || this.#looked === -Infinity) this.#look(ring, means, view);
    decimate(ring, view, this.#visible, this.#columns, this.#coupling === 'ac' ? means : undefined);
    this.#visible.forEach((channel, lane) => this.#intoLane(this.#columns.y[lane], channel, lane));
    return [this.#columns.x, ...this.#columns.y];
  }

  #intoLane(y: (number | null)[], channel: number, lane: number): void {
    const { low, high } = this.#scales.get(channel) ?? { low: -1, high: 1 };
    const centre = this.#visible.length - lane - 0.5;
    const spread = this.#coupling === 'ac' ? 0.94 : 0.8;
    for (let i = 0; i < y.length; i++) {
      const sample = y[i];
      if (sample === null) continue;
      const place = spread * ((sample - low) / (high - low) - 0.5);
      y[i] = centre + Math.max(-1.2, Math.min(1.2, place));
    }
  }

  #look(ring: Ring, means: Ring, view: { end: number; window: number }): void {
    this.#looked = performance.now();
    const from = Math.max(ring.first, ring.find(view.end - view.window));
    const to = ring.find(view.end);
    if (this.#coupling === 'ac') this.#shareScales(ring, means, from, to);
    for (const channel of this.#visible) {
      if (this.#coupling === 'ac') continue;
      const scale = ownScale(ring, channel, from, to, this.#scales.get(channel));
      if (scale) this.#scales.set(channel, scale);
    }
    this.#visible.forEach((channel, lane) => {
      const rail = this.#rail ?? (showUnit(this.#names[channel].unit) === 'µV' ? eegRail : Infinity);
      const judged = this.#coupling === 'ac' ? signalQuality(ring, channel, rail) : 'ok';
      const newest = ring.data[ring.at(Math.max(ring.first, ring.next - 1)) * ring.channels + channel];
      const aside = this.#coupling === 'ac' ? this.#baseline.mean(channel) : newest;
      this.#labels.update(lane, aside, judged, this.#scales.get(channel));
    });
    this.#labels.layOut(this.#time.chart.height);
  }

  #shareScales(ring: Ring, means: Ring, from: number, to: number): void {
    for (const unit of new Set(this.#visible.map((channel) => this.#names[channel].unit))) {
      const group = this.#visible.filter((channel) => this.#names[channel].unit === unit);
      const scale = sharedScale(ring, means, group, from, to, this.#scales.get(group[0]));
      if (scale) for (const channel of group) this.#scales.set(channel, scale);
    }
  }

  #relabel(): void {
    const { theme, height } = this.#time.chart;
    const lanes = this.#visible.map((channel) => ({
      ...this.#names[channel],
      color: theme.traces[channel % theme.traces.length],
    }));
    this.#labels.setLanes(lanes, this.#coupling, height);
    this.#looked = -Infinity;
  }
}
