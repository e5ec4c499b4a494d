import type { Block } from '../../core/blocks/block.ts';
import { integer, invalid, positive, renamedOption } from '../../core/check.ts';
import { random, type Random } from '../../core/random.ts';
import type { Channel } from '../../formats/recording.ts';
import { Behavior, type EegEvent } from './behavior.ts';
import { Alpha, MuscleNoise, PinkNoise, RandomWalk } from './signal-generators.ts';

/** Options of the simulated headset. */
export interface EegOptions {
  /** Seed of the random numbers. Default: 1. */
  readonly seed?: number;
  /** Sampling rate in Hz, at least 100. Default: 250. */
  readonly rate?: number;
  /** Power-line frequency in Hz. Default: 50. */
  readonly powerLine?: 50 | 60;
  /** @deprecated Use `powerLine`. */
  readonly mains?: 50 | 60;
  /** Time of frame 0 in ms since 1970. Default: 0. */
  readonly time?: number;
}

/** Consecutive frames of the simulated headset, with their ground truth. */
export interface SimulatedEeg {
  /** [frames, 8], µV. */
  readonly eeg: Block;
  /** Ground truth: the alpha rhythm at O1 in µV, [frames, 1], of the same frames. */
  readonly alpha: Block;
  /** Events that start in these frames. */
  readonly events: readonly EegEvent[];
}

/**
 * A simulated 8-channel EEG headset in µV: 1/f background (per electrode and common), alpha that rises when the eyes
 * close, blinks, jaw clenches, power-line hum, and drift.
 *
 *     x[t, c] = own[t, c] + common[t] + drift[t, c] + a_c alpha[t] + b_c blink[t] + j_c jaw[t] muscle[t, c] + hum[t, c]
 *
 * It has no clock: `next(n)` returns the next n frames. The frames of a seed are always identical, however they are split.
 */
export class EegSimulator {
  /** The 8 channels, in the order of the samples of a frame. */
  readonly channels: readonly Channel[] = eegChannels;
  /** Sampling rate in Hz. */
  readonly rate: number;
  readonly #time: number;
  readonly #powerLine: number;
  readonly #alpha: Alpha;
  readonly #behavior: Behavior;
  readonly #common: PinkNoise;
  readonly #own: PinkNoise[];
  readonly #drift: RandomWalk[];
  readonly #muscle: MuscleNoise[];
  readonly #blinks: Random;
  #active: (EegEvent & { readonly size: number })[] = [];
  #frame = 0;

  constructor(options: EegOptions = {}) {
    const { seed = 1, rate = 250, time = 0 } = options;
    const powerLine = renamedOption(options, 'powerLine', 'mains') ?? 50;
    integer('seed', seed, 0);
    if (positive('rate', rate, 'Hz') < 100) throw invalid('rate', 'a number >= 100 in Hz', rate);
    if (powerLine !== 50 && (powerLine as number) !== 60) throw invalid('powerLine', '50 or 60', powerLine);
    this.rate = rate;
    this.#time = time;
    this.#powerLine = powerLine;
    // Independent random numbers for each part, so that parts do not affect each other.
    let parts = 0;
    const generator = () => random(Math.imul(seed, 0x9e3779b1) + 0x85ebca6b * ++parts);
    this.#behavior = new Behavior(rate, generator());
    this.#alpha = new Alpha(rate, generator());
    this.#blinks = generator();
    this.#common = new PinkNoise(5, rate, generator());
    this.#own = electrodes.map(() => new PinkNoise(10, rate, generator()));
    this.#drift = electrodes.map(() => new RandomWalk(8, 10, rate, generator()));
    this.#muscle = electrodes.map(() => new MuscleNoise(rate, generator()));
  }

  /** Returns the next `frames` frames, which the caller owns. */
  next(frames: number): SimulatedEeg {
    integer('frames', frames, 0);
    const start = this.#frame;
    const events = this.#behavior.take(start + frames);
    this.#active.push(...events.map((event) => ({ ...event, size: 0.85 + 0.3 * this.#blinks.uniform() })));
    const eeg = new Float32Array(frames * electrodes.length);
    const alpha = new Float32Array(frames);
    for (let i = 0; i < frames; i++) alpha[i] = this.#writeFrame(eeg, i * electrodes.length);
    this.#active = this.#active.filter((event) => event.at + event.frames > this.#frame);
    const place = { start, rate: this.rate, time: this.#time + (start * 1000) / this.rate };
    return {
      eeg: { data: eeg, channels: electrodes.length, ...place },
      alpha: { data: alpha, channels: 1, ...place },
      events,
    };
  }

  /** Writes one frame at offset `at` and returns its alpha. */
  #writeFrame(eeg: Float32Array, at: number): number {
    const alpha = this.#alpha.next(this.#strength('eyes closed') > 0);
    const blink = this.#strength('blink');
    const jaw = this.#strength('jaw clench');
    const common = this.#common.next();
    const phase = (2 * Math.PI * this.#powerLine * this.#frame) / this.rate;
    for (const [c, electrode] of electrodes.entries()) {
      const noise = this.#own[c].next() + common + this.#drift[c].next();
      const muscle = jaw * electrode.jaw * this.#muscle[c].next();
      const hum = electrode.hum * Math.sin(phase + 0.4 * c);
      eeg[at + c] = noise + electrode.alpha * alpha + electrode.blink * blink + muscle + hum;
    }
    this.#frame++;
    return alpha;
  }

  /** Returns the strength of an event in this frame: 0 outside it, a smooth bump within (eyes closed: always 1). */
  #strength(label: EegEvent['label']): number {
    for (const event of this.#active) {
      const within = (this.#frame - event.at + 0.5) / event.frames;
      if (event.label !== label || within < 0 || within >= 1) continue;
      if (label === 'eyes closed') return 1;
      const bump = Math.sin(Math.PI * within);
      return event.size * (label === 'blink' ? bump * bump : Math.min(1, 3 * bump));
    }
    return 0;
  }
}

/** An electrode, with the gain of each part of the simulated signal. */
interface Electrode {
  readonly label: string;
  /** Amplitude of alpha relative to O1. */
  readonly alpha: number;
  /** Mean peak of a blink in µV. */
  readonly blink: number;
  /** Standard deviation of a jaw clench in µV. */
  readonly jaw: number;
  /** Amplitude of the power-line hum in µV. */
  readonly hum: number;
}

/** The eight electrodes of the simulated headset, in the 10-20 system. */
const electrodes: readonly Electrode[] = [
  { label: 'Fp1', alpha: 0.08, blink: 125, jaw: 30, hum: 3.5 },
  { label: 'Fp2', alpha: 0.08, blink: 120, jaw: 28, hum: 3 },
  { label: 'C3', alpha: 0.25, blink: 18, jaw: 32, hum: 2.5 },
  { label: 'C4', alpha: 0.22, blink: 17, jaw: 34, hum: 4 },
  { label: 'P7', alpha: 0.55, blink: 6, jaw: 40, hum: 3 },
  { label: 'P8', alpha: 0.5, blink: 6, jaw: 38, hum: 4.5 },
  { label: 'O1', alpha: 1, blink: 4, jaw: 22, hum: 3.5 },
  { label: 'O2', alpha: 0.9, blink: 4, jaw: 20, hum: 3 },
];

/** The channels of the simulated headset. */
export const eegChannels: readonly Channel[] = electrodes.map(({ label }) => ({ label, unit: 'µV' }));
