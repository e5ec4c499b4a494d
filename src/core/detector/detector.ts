import { checkBlock, frameCount, timeOf, type Block } from '../blocks/block.ts';
import { integer, invalid } from '../check.ts';
import { stateIn, type State } from '../state/state.ts';
import { AlarmBudget } from './alarm-budget.ts';
import { Calibration } from './calibration.ts';
import { ChannelDetector, type NoveltyCause } from './channel-detector.ts';
import { framesBetween, checkFalseAlarms, type FalseAlarms } from './alarm-budget.ts';
import { FrameClock } from './frame-clock.ts';
import { minReference, DriftMonitor } from './drift-monitor.ts';
import { minNovelty } from './range-novelty.ts';
import { FlatlineMonitor } from './flatline-monitor.ts';

export interface DetectorOptions {
  /** False alarms that are put up with, of one stream: '1/month' (default), '2/week'; a number: mean frames between two. */
  falseAlarms?: FalseAlarms;
  /** Frames of commissioning, >= 2000: what the stream is like then is kept, and wear away from it told. Default: none. */
  reference?: number;
  /** Whether every channel is forecast and its surprise heard. Default true; false leaves ranges alone, for comparison. */
  learning?: boolean;
}

/** Throws an error that names which option is wrong. */
export function checkDetectorOptions({ falseAlarms, reference, learning = true }: DetectorOptions): void {
  if (falseAlarms !== undefined) checkFalseAlarms(falseAlarms);
  if (reference === undefined) return;
  integer('reference', reference, minReference);
  if (!learning) throw invalid('reference', 'left out where learning is off', reference, TypeError);
}

/** Something out of the ordinary. */
export interface Alarm {
  /** Absolute index of the frame that raised it. */
  readonly index: number;
  /** When that frame was taken, in ms. */
  readonly time: number;
  /** log10 of the mean time between scores as high, in frames; 0 of a channel that died or wore: nothing was scored. */
  readonly score: number;
  /** A sample out of range, a slow mean out of range, a badly forecast one; a channel that fell silent; slow wear. */
  readonly cause: NoveltyCause | 'dead' | 'wear';
  /** Absolute index of the frame from which on it built up; of this numbering the first, where that was before it. */
  readonly since: number;
  /** Channels, the most concerned first; shares sum to 1. */
  readonly channels: readonly { readonly channel: number; readonly share: number }[];
}

/** A channel that is dead or worn. */
export interface ChannelFault {
  readonly channel: number;
  /** Absolute index of the frame since which it is, as in `Alarm`. */
  readonly since: number;
}

/** What one block brought. */
export interface Detected {
  /** log10 of the mean frames between scores as high, [frames, 1]; 0 while nothing is known. Invalid where nothing was read. */
  readonly score: Block;
  /** How much each channel has to do with it, [frames, channels], summing to 1. */
  readonly shares: Block;
  /** One byte a frame and channel, [frames, channels]: 1 = the channel's level is shifted. */
  readonly shifted: Uint8Array;
  /** One byte a frame: 1 = it raised an alarm, or is within a decade of one that goes on. */
  readonly alarmed: Uint8Array;
  readonly alarms: readonly Alarm[];
}

/**
 * Tells what is out of the ordinary in a stream that nobody has described to it: no range, length or training set.
 *
 *     each channel → soft categories → causal convolution that learns → surprise ┐
 *                  └→ sample, slow mean ─────────────────────────────────────────┴→ novelty against its own range
 *     greatest of all channels → calibration (mean time between) → budget (false alarms a month) → alarms
 *
 * Strictly causal: a score depends on no later frame. Outputs and memory do not depend on how the stream was cut. A
 * frame that is invalid, or came never (`start` jumps), counts nowhere; a NaN counts nowhere on its channel.
 */
export class Detector {
  readonly channels: number;
  readonly rate: number;
  readonly #channelDetectors: readonly ChannelDetector[];
  readonly #flatlineMonitors: readonly FlatlineMonitor[];
  readonly #driftMonitors: readonly DriftMonitor[];
  readonly #calibration: Calibration;
  readonly #budget: AlarmBudget;
  readonly #clock = new FrameClock();

  /** @param rate Hz; 0 = irregular */
  constructor(channels: number, rate: number, { falseAlarms, reference, learning = true }: DetectorOptions = {}) {
    this.channels = integer('channels', channels, 1);
    this.rate = rate;
    checkDetectorOptions({ falseAlarms, reference, learning });
    const between = framesBetween(falseAlarms, rate);
    const all = Array.from({ length: channels });
    this.#channelDetectors = all.map(() => new ChannelDetector(rate, learning));
    this.#flatlineMonitors = all.map(() => new FlatlineMonitor());
    this.#driftMonitors = reference === undefined ? [] : all.map(() => new DriftMonitor(reference, rate));
    this.#calibration = new Calibration(channels);
    this.#budget = new AlarmBudget(between);
  }

  /** Throws a RangeError when the block does not fit or goes back in time. */
  push(block: Block): Detected {
    this.#check(block);
    const frames = frameCount(block);
    const { channels } = this;
    const scores = new Float32Array(frames);
    const shares = new Float32Array(frames * channels);
    const shifted = new Uint8Array(frames * channels);
    const [valid, alarmed] = [new Uint8Array(frames), new Uint8Array(frames)];
    const alarms: Alarm[] = [];
    const missing = this.#clock.advanceTo(block.start);
    if (missing > 0) this.#skip(missing);
    for (let t = 0; t < frames; t++) {
      const index = block.start + t;
      if (block.valid && block.valid[t] === 0) {
        this.#skip(1);
        continue;
      }
      const time = Math.floor(timeOf(block, index) + 0.25);
      if (!this.#pushFrame(block.data, t * channels, index, time, alarms)) continue;
      valid[t] = 1;
      scores[t] = this.#calibration.push(this.#maxNovelty());
      this.#writeShares(shares, shifted, t * channels);
      if (this.#budget.push(scores[t])) alarms.push(this.#alarm(index, time, scores[t], shares, t * channels));
      alarmed[t] = this.#budget.alarmed ? 1 : 0;
    }
    this.#clock.advance(frames);
    const score: Block = { ...block, data: scores, channels: 1, valid };
    return { score, shares: { ...block, data: shares, valid }, shifted, alarmed, alarms };
  }

  /** The score that raises an alarm at the next frame. */
  get threshold(): number {
    return this.#budget.threshold;
  }

  /** Channels that are dead now. */
  get flatlined(): ChannelFault[] {
    return this.#faults(this.#flatlineMonitors, ({ flatlined: dead }) => dead);
  }

  /** Channels that are worn now. */
  get drifted(): ChannelFault[] {
    return this.#faults(this.#driftMonitors, ({ drifted: worn }) => worn);
  }

  save(): State {
    const each = (machines: readonly { save(): State }[]) =>
      Object.fromEntries(machines.map((machine, c) => [`${c}`, machine.save()]));
    return {
      clock: this.#clock.save(),
      watches: each(this.#channelDetectors),
      silences: each(this.#flatlineMonitors),
      references: each(this.#driftMonitors),
      calibration: this.#calibration.save(),
      budget: this.#budget.save(),
    };
  }

  /** Goes on from a state of a detector of as many channels, with a reference or without as this one. */
  restore(state: State): void {
    const parts = {
      watches: this.#channelDetectors,
      silences: this.#flatlineMonitors,
      references: this.#driftMonitors,
    };
    for (const [name, machines] of Object.entries(parts)) {
      const saved = Object.keys(stateIn(state, name)).length;
      if (saved !== machines.length) throw invalid(`state.${name}`, `of ${machines.length} channels`, saved);
    }
    this.#clock.restore(stateIn(state, 'clock'));
    for (const [name, machines] of Object.entries(parts))
      for (const [c, machine] of machines.entries()) machine.restore(stateIn(stateIn(state, name), `${c}`));
    this.#calibration.restore(stateIn(state, 'calibration'));
    this.#budget.restore(stateIn(state, 'budget'));
  }

  /** What was heard goes on, but the next block begins to number frames anew. */
  renumber(): void {
    this.#clock.renumber();
  }

  #check(block: Block): void {
    checkBlock(block);
    if (block.channels !== this.channels)
      throw invalid('block.channels', `${this.channels}, as before`, block.channels);
    if (block.rate !== this.rate) throw invalid('block.rate', `${this.rate} Hz, as before`, block.rate);
  }

  #skip(frames: number): void {
    for (const watch of this.#channelDetectors) watch.skip(frames);
    for (const reference of this.#driftMonitors) reference.skip(frames);
  }

  /** Reads one frame into every channel's watch; tells whether any sample was there. */
  #pushFrame(data: Float32Array, at: number, index: number, time: number, alarms: Alarm[]): boolean {
    const count = this.#clock.countOf(index);
    let seen = false;
    for (let c = 0; c < this.channels; c++) {
      const x = data[at + c];
      const watch = this.#channelDetectors[c];
      const there = Number.isFinite(x);
      if (there) {
        watch.push(x, count, time);
        seen = true;
      } else watch.skip(1);
      const silence = this.#flatlineMonitors[c];
      if (silence.push(there ? x : NaN, count)) alarms.push(this.#channelAlarm(c, 'dead', index, time, silence.since));
      if (this.#driftMonitors.length === 0) continue;
      const reference = this.#driftMonitors[c];
      if (!there || !watch.forecaster) reference.skip(1);
      else if (reference.push(x, time, count, watch.forecaster, watch.surprise))
        alarms.push(this.#channelAlarm(c, 'wear', index, time, reference.since));
    }
    return seen;
  }

  /** The greatest novelty of all channels. */
  #maxNovelty(): number {
    let most = minNovelty;
    for (let c = 0; c < this.channels; c++) most = Math.max(most, this.#channelDetectors[c].novelty);
    return most;
  }

  /** A channel's share is in proportion to 2^novelty: to how far out it is. */
  #writeShares(shares: Float32Array, shifted: Uint8Array, at: number): void {
    const watches = this.#channelDetectors;
    let sum = 0;
    for (let c = 0; c < watches.length; c++) {
      shifted[at + c] = watches[c].gate.open ? 1 : 0;
      shares[at + c] = watches.length === 1 ? 1 : 2 ** watches[c].novelty;
      sum += shares[at + c];
    }
    for (let c = 0; c < watches.length; c++) shares[at + c] /= sum;
  }

  #alarm(index: number, time: number, score: number, shares: Float32Array, at: number): Alarm {
    const channels = [...shares.subarray(at, at + this.channels)]
      .map((share, channel) => ({ channel, share }))
      .sort((a, b) => b.share - a.share);
    const { cause, since } = this.#channelDetectors[channels[0].channel];
    return { index, time, score, cause, since: Math.min(this.#clock.indexOf(since), index), channels };
  }

  #channelAlarm(channel: number, cause: 'dead' | 'wear', index: number, time: number, since: number): Alarm {
    return { index, time, score: 0, cause, since: this.#clock.indexOf(since), channels: [{ channel, share: 1 }] };
  }

  #faults<T extends { readonly since: number }>(machines: readonly T[], is: (machine: T) => boolean): ChannelFault[] {
    const lasting: ChannelFault[] = [];
    for (const [channel, machine] of machines.entries())
      if (is(machine)) lasting.push({ channel, since: this.#clock.indexOf(machine.since) });
    return lasting;
  }
}
