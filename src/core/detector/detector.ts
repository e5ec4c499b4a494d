import { FrameClock } from './frame-clock.ts';
import { type Block, checkBlock, frameCount, timeOf } from '../blocks/block.ts';
import { integer, invalid } from '../check.ts';
import { type State, stateIn } from '../state/state.ts';
import { AlarmBudget, checkFalseAlarms, type FalseAlarms, framesBetween } from './alarm-budget.ts';
import { Calibration } from './calibration.ts';
import { ChannelDetector, type NoveltyCause } from './channel-detector.ts';
import { DriftMonitor, minReference } from './drift-monitor.ts';
import { FlatlineMonitor } from './flatline-monitor.ts';
import { minNovelty } from './range-novelty.ts';

/** Options of `Detector`. */
export interface DetectorOptions {
  /**
   * False-alarm rate per stream: a count per time, such as '1/month' (default) or '2/week', or the mean number of
   * frames between two false alarms.
   */
  falseAlarms?: FalseAlarms;
  /**
   * Length of the reference period in frames, >= 2000. Slow drift away from the reference period is reported. Default:
   * none.
   */
  reference?: number;
  /**
   * Whether to forecast every channel and score its surprise. Default true. With false, only ranges are used (for
   * comparison).
   */
  learning?: boolean;
}

/** Throws an error that names the invalid option. */
export function checkDetectorOptions({ falseAlarms, reference, learning = true }: DetectorOptions): void {
  if (falseAlarms !== undefined) checkFalseAlarms(falseAlarms);
  if (reference === undefined) return;
  integer('reference', reference, minReference);
  if (!learning) throw invalid('reference', 'omitted if learning is false', reference, TypeError);
}

/** An anomaly that raised an alarm. */
export interface Alarm {
  /** Absolute index of the frame that raised it. */
  readonly index: number;
  /** Time of that frame in ms since 1970. */
  readonly time: number;
  /**
   * log10 of the mean number of frames between scores as high; 0 for a flatlined or drifted channel, which is not
   * scored.
   */
  readonly score: number;
  /** A sample out of range, a slow mean out of range, a poorly forecast sample, a flatlined channel, or slow drift. */
  readonly cause: NoveltyCause | 'dead' | 'wear';
  /** Absolute index of the frame at which it began; the first frame of the current numbering if it began earlier. */
  readonly since: number;
  /** Channels, the most affected first. The shares sum to 1. */
  readonly channels: readonly {
    /** Index of the channel, from 0. */
    readonly channel: number;
    /** Share of the channel in the anomaly, 0 … 1. */
    readonly share: number;
  }[];
}

/** A channel that has flatlined or drifted. */
export interface ChannelFault {
  /** Index of the channel, from 0. */
  readonly channel: number;
  /** Absolute index of the first frame, as in `Alarm`. */
  readonly since: number;
}

/** Result of one block. */
export interface Detected {
  /**
   * log10 of the mean number of frames between scores as high, [frames, 1]; 0 during the settling period. Invalid where
   * no sample was valid.
   */
  readonly score: Block;
  /** Share of each channel in the score, [frames, channels]. The shares of a frame sum to 1. */
  readonly shares: Block;
  /** One byte per frame and channel, [frames, channels]: 1 = the channel's level is shifted. */
  readonly shifted: Uint8Array;
  /**
   * One byte per frame: 1 = the frame raised an alarm or continues one (its score is within one decade of the
   * threshold).
   */
  readonly alarmed: Uint8Array;
  /**
   * One byte per frame: 1 = the detector read the frame; 0 = the frame was marked as invalid and ignored. A frame
   * without finite samples is read, but its score is invalid.
   */
  readonly read: Uint8Array;
  /**
   * One number per frame: the alarm threshold of the score just before the frame was processed, as log10 of a number of
   * frames, like `score`.
   */
  readonly thresholds: Float64Array;
  /** Alarms that frames of this block raised, in order. */
  readonly alarms: readonly Alarm[];
  /**
   * Flatlined and drifted channels: one entry for the first frame of the block, and one for every frame at which the
   * lists change. Empty if the block has no frames.
   */
  readonly faults: readonly FaultChange[];
}

/** The flatlined and drifted channels from one frame on, until the next entry. */
export interface FaultChange {
  /** Absolute index of the frame after which the lists apply. */
  readonly index: number;
  /** Flatlined channels, in the order of their indexes. */
  readonly flatlined: readonly ChannelFault[];
  /** Channels that have drifted from the reference period, in the order of their indexes. */
  readonly drifted: readonly ChannelFault[];
}

/**
 * Checks a block of a stream.
 * @throws RangeError or TypeError if it is not a block, or if its channels or its rate differ from those of the stream
 */
export function checkStreamBlock(block: Block, channels: number, rate: number): void {
  checkBlock(block);
  if (block.channels !== channels) throw invalid('block.channels', `${channels}, as before`, block.channels);
  if (block.rate !== rate) throw invalid('block.rate', `${rate} Hz, as before`, block.rate);
}

/**
 * Anomaly detector that learns the normal behavior of a stream from the stream itself. It needs no ranges, lengths, or
 * training set.
 *
 *     each channel → soft categories → causal convolution, trained online → surprise ┐
 *                  └→ sample, slow mean ─────────────────────────────────────────────┴→ novelty relative to its own range
 *     maximum over channels → calibration (mean time between) → budget (false-alarm rate) → alarms
 *
 * It is strictly causal: a score does not depend on later frames. Results do not depend on how the stream is split into
 * blocks. Invalid and missing frames (`start` jumps) are ignored, and so is a NaN on its channel.
 */
export class Detector {
  /** Number of channels per frame. */
  readonly channels: number;
  /** Sampling rate in Hz; 0 = irregular. */
  readonly rate: number;
  readonly #channelDetectors: readonly ChannelDetector[];
  readonly #flatlineMonitors: readonly FlatlineMonitor[];
  readonly #driftMonitors: readonly DriftMonitor[];
  readonly #calibration: Calibration;
  readonly #budget: AlarmBudget;
  readonly #clock = new FrameClock();
  /** Cached lists of flatlined and drifted channels; null after a frame that changed them. */
  #faults: Pick<FaultChange, 'flatlined' | 'drifted'> | null = null;

  /** @param rate in Hz; 0 = irregular */
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

  /**
   * Scores a block.
   * @throws RangeError if the block does not match or goes back in time
   */
  push(block: Block): Detected {
    checkStreamBlock(block, this.channels, this.rate);
    const frames = frameCount(block);
    const { channels } = this;
    const scores = new Float32Array(frames);
    const shares = new Float32Array(frames * channels);
    const shifted = new Uint8Array(frames * channels);
    const [valid, alarmed, read] = [new Uint8Array(frames), new Uint8Array(frames), new Uint8Array(frames)];
    const thresholds = new Float64Array(frames);
    const alarms: Alarm[] = [];
    const faults: FaultChange[] = [];
    const missing = this.#clock.advanceTo(block.start);
    if (missing > 0) this.#skip(missing);
    for (let t = 0; t < frames; t++) {
      const index = block.start + t;
      thresholds[t] = this.#budget.threshold;
      if (block.valid && block.valid[t] === 0) {
        this.#skip(1);
        if (t === 0) faults.push(this.#faultsFrom(index));
        continue;
      }
      read[t] = 1;
      const time = Math.floor(timeOf(block, index) + 0.25);
      const anyValid = this.#pushFrame(block.data, t * channels, index, time, alarms);
      if (t === 0 || this.#faults === null) faults.push(this.#faultsFrom(index));
      if (!anyValid) continue;
      valid[t] = 1;
      scores[t] = this.#calibration.push(this.#maxNovelty());
      this.#writeShares(shares, shifted, t * channels);
      if (this.#budget.push(scores[t])) alarms.push(this.#alarm(index, time, scores[t], shares, t * channels));
      alarmed[t] = this.#budget.alarmed ? 1 : 0;
    }
    this.#clock.advance(frames);
    const { start, rate, time } = block;
    const score: Block = { data: scores, channels: 1, start, rate, time, valid };
    const shareBlock: Block = { data: shares, channels, start, rate, time, valid };
    return { score, shares: shareBlock, shifted, alarmed, read, thresholds, alarms, faults };
  }

  /** Score that raises an alarm at the next frame. */
  get threshold(): number {
    return this.#budget.threshold;
  }

  /** Channels that are flatlined now. */
  get flatlined(): ChannelFault[] {
    return this.#channelsOf(this.#flatlineMonitors, ({ flatlined }) => flatlined);
  }

  /** @deprecated Use `flatlined`. */
  get dead(): ChannelFault[] {
    return this.flatlined;
  }

  /** @deprecated Use `drifted`. */
  get worn(): ChannelFault[] {
    return this.drifted;
  }

  /** Channels that have drifted from the reference period. */
  get drifted(): ChannelFault[] {
    return this.#channelsOf(this.#driftMonitors, ({ drifted }) => drifted);
  }

  /** Returns a copy of the complete state, without the options. */
  save(): State {
    const each = (monitors: readonly { save(): State }[]) =>
      Object.fromEntries(monitors.map((monitor, c) => [`${c}`, monitor.save()]));
    return {
      clock: this.#clock.save(),
      watches: each(this.#channelDetectors),
      silences: each(this.#flatlineMonitors),
      references: each(this.#driftMonitors),
      calibration: this.#calibration.save(),
      budget: this.#budget.save(),
    };
  }

  /** Restores the state of a detector with the same number of channels and the same use of a reference period. */
  restore(state: State): void {
    const parts = {
      watches: this.#channelDetectors,
      silences: this.#flatlineMonitors,
      references: this.#driftMonitors,
    };
    for (const [name, monitors] of Object.entries(parts)) {
      const saved = Object.keys(stateIn(state, name)).length;
      if (saved !== monitors.length) throw invalid(`state.${name}`, `of ${monitors.length} channels`, saved);
    }
    this.#clock.restore(stateIn(state, 'clock'));
    for (const [name, monitors] of Object.entries(parts))
      for (const [c, monitor] of monitors.entries()) monitor.restore(stateIn(stateIn(state, name), `${c}`));
    this.#calibration.restore(stateIn(state, 'calibration'));
    this.#budget.restore(stateIn(state, 'budget'));
    this.#faults = null;
  }

  /** Releases its memory immediately rather than on garbage collection. It cannot be used afterward. */
  close(): void {
    for (const channelDetector of this.#channelDetectors) channelDetector.close();
  }

  /** Keeps what was learned, and lets the next block start a new numbering of frames. */
  renumber(): void {
    this.#faults = null;
    this.#clock.renumber();
  }

  #skip(frames: number): void {
    for (const channelDetector of this.#channelDetectors) channelDetector.skip(frames);
    for (const reference of this.#driftMonitors) reference.skip(frames);
  }

  /** Adds one frame to the monitors of every channel. Returns whether it contains any sample. */
  #pushFrame(data: Float32Array, at: number, index: number, time: number, alarms: Alarm[]): boolean {
    const count = this.#clock.countOf(index);
    let anyValid = false;
    for (let c = 0; c < this.channels; c++) {
      const x = data[at + c];
      const channelDetector = this.#channelDetectors[c];
      const valid = Number.isFinite(x);
      if (valid) {
        channelDetector.push(x, count, time);
        anyValid = true;
      } else channelDetector.skip(1);
      const flatline = this.#flatlineMonitors[c];
      const wasFlatlined = flatline.flatlined;
      if (flatline.push(valid ? x : NaN, count))
        alarms.push(this.#channelAlarm(c, 'dead', index, time, flatline.since));
      if (flatline.flatlined !== wasFlatlined) this.#faults = null;
      if (this.#driftMonitors.length === 0) continue;
      const drift = this.#driftMonitors[c];
      const wasDrifted = drift.drifted;
      if (!valid || !channelDetector.forecaster) drift.skip(1);
      else if (drift.push(x, time, count, channelDetector.forecaster, channelDetector.surprise))
        alarms.push(this.#channelAlarm(c, 'wear', index, time, drift.since));
      if (drift.drifted !== wasDrifted) this.#faults = null;
    }
    return anyValid;
  }

  /** Returns the highest novelty of all channels. */
  #maxNovelty(): number {
    let max = minNovelty;
    for (let c = 0; c < this.channels; c++) max = Math.max(max, this.#channelDetectors[c].novelty);
    return max;
  }

  /** Writes the shares of the channels, which are proportional to 2^novelty. */
  #writeShares(shares: Float32Array, shifted: Uint8Array, at: number): void {
    const detectors = this.#channelDetectors;
    let sum = 0;
    for (let c = 0; c < detectors.length; c++) {
      shifted[at + c] = detectors[c].gate.open ? 1 : 0;
      shares[at + c] = detectors.length === 1 ? 1 : 2 ** detectors[c].novelty;
      sum += shares[at + c];
    }
    for (let c = 0; c < detectors.length; c++) shares[at + c] /= sum;
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

  #faultsFrom(index: number): FaultChange {
    const { flatlined, drifted } = (this.#faults ??= { flatlined: this.flatlined, drifted: this.drifted });
    return { index, flatlined, drifted };
  }

  #channelsOf<T extends { readonly since: number }>(
    monitors: readonly T[],
    is: (monitor: T) => boolean,
  ): ChannelFault[] {
    const faults: ChannelFault[] = [];
    for (const [channel, monitor] of monitors.entries())
      if (is(monitor)) faults.push({ channel, since: this.#clock.indexOf(monitor.since) });
    return faults;
  }
}
