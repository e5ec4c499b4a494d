import { addElement, setText, thinOutLabels } from './dom.ts';
import { formatNumber, formatQuantity } from './format-number.ts';
import type { LaneScale } from './lane-scale.ts';
import type { Quality } from './signal-quality.ts';

interface Lane {
  readonly label: string;
  readonly unit: string;
  readonly color: string;
}

interface LaneElements {
  readonly row: HTMLElement;
  readonly value: HTMLElement;
  readonly badge: HTMLElement;
  readonly low: HTMLElement;
  readonly both: HTMLElement;
  readonly high: HTMLElement;
}

/** Lanes lower than this, in px, have one line of text. */
const minTwoLineHeight = 27;
const badges = { ok: '', rail: 'railed', flat: 'flat' };
const badgeTitles = { ok: '', rail: 'Amplifier at its limit', flat: 'Flat signal: check the sensor' };

/** The text around a SignalPlot: the names, offsets, badges, and scales of its lanes. */
export class SignalLabels {
  readonly #root: HTMLElement;
  readonly #gutter: HTMLElement;
  readonly #margin: HTMLElement;
  readonly #tag: HTMLElement;
  readonly #lag: HTMLElement;
  readonly #showLag: boolean;
  #lanes: readonly Lane[] = [];
  #elements: LaneElements[] = [];
  #scales: (LaneScale | undefined)[] = [];
  #ac = true;
  #short = false;
  #newestLag = NaN;

  constructor(root: HTMLElement, showLag: boolean) {
    this.#root = root;
    this.#showLag = showLag;
    this.#gutter = addElement(root, 'div', 'tapline-side tapline-gutter');
    this.#margin = addElement(root, 'div', 'tapline-side tapline-margin');
    this.#tag = addElement(root, 'div', 'tapline-tag tapline-tag-left');
    this.#lag = addElement(root, 'div', 'tapline-tag tapline-tag-right');
  }

  /** Replaces the lanes, in an area that is `height` px high. */
  setLanes(lanes: readonly Lane[], coupling: 'ac' | 'dc', height: number): void {
    this.#lanes = lanes;
    this.#ac = coupling === 'ac';
    this.#scales = [];
    this.#gutter.replaceChildren();
    this.#margin.replaceChildren();
    this.#elements = lanes.map((lane) => this.#addLane(lane));
    this.#tag.textContent = this.#ac ? 'AC-coupled' : 'DC-coupled';
    this.#tag.title = this.#ac
      ? 'High-passed at 0.16 Hz: the running mean (1 s) is removed and shown under each name.'
      : 'Samples as measured. The newest value is shown under each name.';
    this.layOut(height);
  }

  /** Updates a lane. `value` is the offset of an AC-coupled lane, or the newest sample of a DC-coupled one. */
  update(lane: number, value: number, quality: Quality, scale: LaneScale | undefined): void {
    const elements = this.#elements[lane];
    const { unit } = this.#lanes[lane];
    setText(elements.value, `${this.#ac && !this.#short ? 'DC ' : ''}${formatQuantity(value, unit)}`);
    setText(elements.badge, badges[quality]);
    elements.badge.title = badgeTitles[quality];
    elements.badge.hidden = quality === 'ok';
    this.#scales[lane] = scale;
    if (this.#ac || !scale) return;
    setText(elements.high, formatQuantity(scale.high, unit));
    setText(elements.low, formatQuantity(scale.low, unit));
    setText(elements.both, formatRange(scale, unit));
  }

  /** Lays out the labels for an area that is `height` px high, and updates the scale bars and the lag. */
  layOut(height: number): void {
    if (height === 0) return;
    const lane = height / Math.max(1, this.#lanes.length);
    this.#root.classList.toggle('tapline-narrow', this.#margin.clientWidth < 44);
    this.#short = lane < minTwoLineHeight && this.#gutter.clientWidth < 120;
    this.#root.classList.toggle('tapline-slim', this.#gutter.clientWidth < 90);
    this.#root.classList.toggle('tapline-dense', lane < minTwoLineHeight);
    this.#root.classList.toggle('tapline-tight', lane < 13);
    thinOutLabels(
      this.#elements.map(({ row }) => row),
      lane,
    );
    for (const side of [this.#gutter, this.#margin]) {
      side.style.top = '6px';
      side.style.height = `${height}px`;
    }
    if (this.#ac) this.#placeBars(lane);
    const known = this.#showLag && this.#newestLag > -1000 && this.#newestLag < 3_600_000;
    setText(this.#lag, known ? `lag ${formatLag(this.#newestLag)}` : '');
  }

  /** Sets the lag, in ms. */
  setLag(lag: number): void {
    this.#newestLag = lag;
  }

  #addLane(lane: Lane): LaneElements {
    const row = addElement(this.#gutter, 'div', 'tapline-lane');
    const name = addElement(row, 'div', 'tapline-name');
    name.textContent = lane.label;
    name.title = lane.label;
    name.style.color = lane.color;
    const badge = addElement(row, 'div', 'tapline-badge');
    badge.hidden = true;
    const value = addElement(row, 'div', 'tapline-value');
    const range = addElement(this.#margin, 'div', this.#ac ? 'tapline-bar' : 'tapline-range');
    const high = addElement(range, 'div', '');
    const both = this.#ac ? high : addElement(range, 'div', '');
    const low = this.#ac ? high : addElement(range, 'div', '');
    return { row, value, badge, low, both, high };
  }

  /** Places one scale bar per unit and scale, in the first lane that has them. */
  #placeBars(lane: number): void {
    this.#lanes.forEach(({ unit }, at) => {
      const bar = this.#elements[at].high.parentElement;
      const scale = this.#scales[at];
      const first =
        this.#lanes.findIndex((other, lane) => other.unit === unit && this.#scales[lane]?.high === scale?.high) === at;
      if (!bar) return;
      bar.hidden = !first || !scale;
      bar.style.top = `${(at + 0.5 - 0.235) * lane}px`;
      bar.style.height = `${0.47 * lane}px`;
      if (scale) setText(this.#elements[at].high, formatQuantity(scale.high, unit));
    });
  }
}

/** Formats a range, with a common unit once: `0–2.4 MB/s`. */
function formatRange({ low, high }: LaneScale, unit: string): string {
  const [from, to] = [formatQuantity(low, unit), formatQuantity(high, unit)];
  const number = /^[−\d.e]+/.exec(from)?.[0] ?? from;
  return low === 0 || from.slice(number.length) === to.replace(/^[−\d.e]+/, '') ? `${number}–${to}` : `${from}–${to}`;
}

function formatLag(ms: number): string {
  return ms < 1000 ? `${Math.max(0, Math.round(ms))} ms` : `${formatNumber(ms / 1000)} s`;
}
