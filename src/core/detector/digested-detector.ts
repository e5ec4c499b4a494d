import { type Block, frameCount } from '../blocks/block.ts';
import { oneOf } from '../check.ts';
import { numberIn, type State, stateIn } from '../state/state.ts';
import { checkStreamBlock, type Detected, Detector, type DetectorOptions } from './detector.ts';
import { detectorInput, Digest } from './digest.ts';

/** Options of `DigestedDetector`. */
export interface DigestedDetectorOptions extends DetectorOptions {
  /**
   * What the detector reads: 'none' (default) = every frame; 'auto' = a digest of about 10 Hz if the stream is faster
   * than 25 Hz.
   */
  digest?: 'auto' | 'none';
}

/** Results of the detector for one block. */
export interface DigestedDetection {
  /** Results of the detector frames that the block completes, in order. Frame indexes are those of the digest. */
  readonly detected: readonly Detected[];
  /** One flag per input frame: 1 = the newest complete detector frame is anomalous (`alarmed` in `Detected`). */
  readonly alarmed: Uint8Array;
}

/**
 * Detector that reads a stream or, if the stream is fast, its digest:
 *
 *     input frames    0 1 2 … every - 1 | every … 2 every - 1 | …
 *     detector frames         0         |          1          | …
 *
 * Detector frame n covers input frames n · every … (n + 1) · every - 1. Its flag applies from its last input frame on,
 * until the next detector frame is complete. Results do not depend on how the stream is split into blocks.
 */
export class DigestedDetector {
  /** Number of channels per input frame. */
  readonly channels: number;
  /** Sampling rate of the input in Hz; 0 = irregular. */
  readonly rate: number;
  /** Input frames per detector frame; 1 = the stream is not digested. */
  readonly every: number;
  readonly #digest: Digest | null;
  readonly #detector: Detector;
  /** Flag of the newest complete detector frame. */
  #alarmed = 0;

  /** @param rate in Hz; 0 = irregular */
  constructor(channels: number, rate: number, { digest = 'none', ...options }: DigestedDetectorOptions = {}) {
    oneOf('digest', digest, ['auto', 'none']);
    const input = digest === 'auto' ? detectorInput(rate, channels) : { every: 1, rate, channels };
    this.channels = channels;
    this.rate = rate;
    this.every = input.every;
    this.#detector = new Detector(input.channels, input.rate, options);
    this.#digest = input.every > 1 ? new Digest(channels, input.every) : null;
  }

  /**
   * Scores the detector frames that a block completes.
   * @throws RangeError if the block does not match or goes back in time
   */
  push(block: Block): DigestedDetection {
    if (!this.#digest) {
      const detected = this.#detector.push(block);
      return { detected: [detected], alarmed: detected.alarmed };
    }
    checkStreamBlock(block, this.channels, this.rate);
    const detected = this.#digest.push(block).map((digested) => this.#detector.push(digested));
    return { detected, alarmed: this.#flags(block, detected) };
  }

  /** Returns a copy of the complete state, without the options. */
  save(): State {
    if (!this.#digest) return this.#detector.save();
    return { ...this.#detector.save(), digest: this.#digest.save(), flag: this.#alarmed };
  }

  /**
   * Restores the state of a detector with the same options. The state of a `Detector` is also accepted; the digest then
   * starts empty.
   */
  restore(state: State): void {
    this.#detector.restore(state);
    if (!this.#digest) return;
    this.#digest.renumber();
    if ('digest' in state) this.#digest.restore(stateIn(state, 'digest'));
    this.#alarmed = 'flag' in state ? numberIn(state, 'flag') : 0;
  }

  /** Releases its memory. It cannot be used afterward. */
  close(): void {
    this.#detector.close();
  }

  /**
   * Keeps the learned state. The next block can start at any frame index. An incomplete detector frame and the
   * flag of the newest detector frame are discarded.
   */
  renumber(): void {
    this.#detector.renumber();
    this.#digest?.renumber();
    this.#alarmed = 0;
  }

  /** Returns the flag of every frame of the block. */
  #flags(block: Block, detected: readonly Detected[]): Uint8Array {
    const flags = new Uint8Array(frameCount(block));
    let from = 0;
    for (const { score, alarmed } of detected)
      for (let t = 0; t < alarmed.length; t++) {
        const last = (score.start + t + 1) * this.every - 1 - block.start;
        if (this.#alarmed === 1) flags.fill(1, from, Math.max(from, last));
        from = Math.max(from, last);
        this.#alarmed = alarmed[t];
      }
    return this.#alarmed === 1 ? flags.fill(1, from) : flags;
  }
}
