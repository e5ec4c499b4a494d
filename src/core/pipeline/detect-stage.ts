import { type Block, frameCount } from '../blocks/block.ts';
import { ChannelSelection } from '../blocks/channel-selection.ts';
import type { Detected } from '../detector/detector.ts';
import { DigestedDetector } from '../detector/digested-detector.ts';
import { numberIn, type State, stateIn } from '../state/state.ts';
import type { FeedbackMessage } from './pipeline-message.ts';
import type { DetectSpec } from './pipeline-spec.ts';

const verdicts = ['none', 'normal', 'anomalous'] as const;

/** Results of the detector for one block, and a flag for each frame of the block. */
export interface Detections {
  readonly detected: readonly Detected[];
  /** One byte per frame of the block: 1 = anomalous. */
  readonly alarmed: Uint8Array;
}

/** Detects anomalies in the filled signal, and flags the frames that learners do not train on. */
export class DetectStage {
  readonly #spec: DetectSpec;
  #selection: ChannelSelection | undefined;
  #detector: DigestedDetector | undefined;
  /** Last verdict of a person on the current alarm. */
  #verdict: (typeof verdicts)[number] = 'none';

  constructor(spec: DetectSpec) {
    this.#spec = spec;
  }

  /** Moves the detector to a new stage, for the next run. This stage has none afterward. */
  handOver(): DetectStage {
    const next = new DetectStage(this.#spec);
    next.#detector = this.#detector;
    this.#detector = undefined;
    return next;
  }

  /** @param earlier detector of an earlier run, whose learned state is reused. It must not be used afterward */
  opener(channels: number, rate: number, earlier?: DetectStage | null): () => void {
    const selection = new ChannelSelection(this.#spec.channels, channels);
    const detector = this.#detectorFor(selection.count, rate, earlier);
    return () => {
      this.#selection = selection;
      this.#detector = detector;
      if (!earlier || detector !== earlier.#detector) return;
      earlier.#detector = undefined;
      detector.renumber();
    };
  }

  /** Returns the detector of the earlier run if it has the same spec; otherwise, a new one, with its state if possible. */
  #detectorFor(channels: number, rate: number, earlier?: DetectStage | null): DigestedDetector {
    const before = earlier ? earlier.#detector : undefined;
    const fits = before?.channels === channels && before.rate === rate;
    const isUsed = earlier && fits && isSimilar(earlier.#spec, this.#spec);
    if (isUsed && JSON.stringify(earlier.#spec) === JSON.stringify(this.#spec)) return before;
    const detector = new DigestedDetector(channels, rate, this.#spec);
    if (isUsed) {
      detector.restore(before.save());
      detector.renumber();
    }
    return detector;
  }

  push(block: Block): Detections {
    const { detected, alarmed } = this.#detector!.push(withPartialFrames(this.#selection!.of(block)));
    return { detected, alarmed: this.#judged(alarmed, detected, block.start) };
  }

  close(): void {
    this.#detector?.close();
    this.#detector = undefined;
  }

  feedback({ verdict }: FeedbackMessage): void {
    this.#verdict = verdict;
  }

  save(): State {
    return { verdict: verdicts.indexOf(this.#verdict), ...(this.#detector && { detector: this.#detector.save() }) };
  }

  restore(state: State): void {
    this.#verdict = verdicts[numberIn(state, 'verdict')];
    if ('detector' in state) this.#detector?.restore(stateIn(state, 'detector'));
  }

  /** Applies the verdict of a person to the flags of a block that starts at frame `start`. */
  #judged(alarmed: Uint8Array, detected: readonly Detected[], start: number): Uint8Array {
    if (this.#verdict === 'anomalous') return alarmed.fill(1);
    if (this.#verdict === 'none') return alarmed;
    const next = detected.flatMap(({ alarms }) => alarms)[0];
    const raisedAt = next ? (next.index + 1) * this.#detector!.every - 1 : Infinity;
    if (next) this.#verdict = 'none';
    return alarmed.fill(0, 0, Math.max(0, raisedAt - start));
  }
}

/**
 * Returns the block with invalid frames marked as valid if any of their samples are NaN. The detector ignores these
 * samples, and reads the other channels.
 */
function withPartialFrames(block: Block): Block {
  if (!block.valid?.includes(0)) return block;
  const { data, channels } = block;
  const valid = block.valid.slice();
  for (let t = 0; t < frameCount(block); t++)
    if (valid[t] === 0 && data.subarray(t * channels, (t + 1) * channels).some(Number.isNaN)) valid[t] = 1;
  return { ...block, valid };
}

/** Returns whether a detector with one spec can be restored from the state of a detector with another spec. */
function isSimilar(one: DetectSpec, other: DetectSpec): boolean {
  const shape = ({ digest = 'none', channels, reference, learning = true }: DetectSpec) =>
    JSON.stringify({ digest, channels, reference, learning });
  return shape(one) === shape(other);
}
