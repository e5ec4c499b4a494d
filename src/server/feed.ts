import { Subject } from 'rxjs';
import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import type { Network } from '../core/network/network.ts';
import type { Weights } from '../core/network/weights.ts';
import type { ChannelInfo } from '../protocol/fields.ts';
import type { Gap, Hello, Mark } from '../protocol/ingest.ts';
import type { Samples } from '../protocol/samples.ts';
import { maxTime } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import type { StreamHealth } from '../protocol/watch-message.ts';
import type { LearningRequest } from '../protocol/watch-request.ts';
import { ArrivalClock } from './arrival-clock.ts';
import { Backlog } from './backlog.ts';
import type { FeedOutput, PipelineOutput } from './feed-output.ts';
import type { FeedDesigner, FeedInfo, FeedSpec, LearnerSpec } from './feed-spec.ts';
import { FrameNumbering } from './frame-numbering.ts';
import { FeedPipeline } from './feed-pipeline.ts';
import { StreamStatistics } from './stream-statistics.ts';

/** Options shared by all feeds of a server. */
export interface FeedOptions {
  design: FeedDesigner;
  /** Number of the first run of a new stream. */
  firstRun: number;
  /** Returns the saved weights of a learner. */
  savedWeights: (stream: string, learner: string) => Weights | undefined;
  /** Returns the current time in ms since 1970. */
  now: () => number;
}

/** Description of a stream when it is opened. */
export type Opening = Hello & { channels: ChannelInfo[]; rate: number };

/** One published stream: validates and numbers the frames of its sensor, runs its pipeline, and emits the outputs. */
export class Feed {
  readonly name: string;
  readonly output: Subject<FeedOutput> = new Subject<FeedOutput>();
  live = false;
  readonly #options: FeedOptions;
  #opening: Opening;
  #run: number;
  #numbering = new FrameNumbering();
  #clock: ArrivalClock;
  #statistics = new StreamStatistics();
  #pipeline: FeedPipeline | undefined;
  #targets: readonly FeedInfo[] = [];
  /** Failures of the pipeline of this run, by the failed part. */
  readonly broken: Map<string, FeedOutput> = new Map<string, FeedOutput>();
  /** Recent outputs for viewers that subscribe later. */
  readonly backlog: Backlog = new Backlog();

  constructor(name: string, opening: Opening, options: FeedOptions) {
    this.name = name;
    this.#options = options;
    this.#opening = opening;
    this.#run = options.firstRun;
    this.#clock = new ArrivalClock(opening.rate);
    this.output.subscribe((output) => this.backlog.push(output));
  }

  /** Builds the pipeline. Subscribe to `output` first to receive its failures. */
  start(): void {
    this.#build((learner) => this.#options.savedWeights(this.name, learner));
  }

  get info(): StreamInfo {
    const { channels, rate, kind, for: targetOf } = this.#opening;
    const { name, live } = this;
    const maps = this.#pipeline?.maps ?? [];
    const learners = this.#pipeline?.learners ?? [];
    return { name, channels, rate, run: this.#run, next: this.next, live, kind, for: targetOf, maps, learners };
  }

  get run(): number {
    return this.#run;
  }

  get next(): number {
    return this.#numbering.next;
  }

  /**
   * Applies a new description of the stream; another number of channels, rate, or kind, or `fresh`, starts a new run.
   */
  open(opening: Opening): void {
    const { channels, rate, kind } = this.#opening;
    const same = opening.channels.length === channels.length && opening.rate === rate && opening.kind === kind;
    this.#opening = opening;
    if (!same || opening.fresh) this.#restart();
    this.output.next({ type: 'info' });
  }

  /**
   * Processes frames and returns a gap before them, if any. Throws a ProtocolError and processes none if they do not
   * match the stream.
   */
  push(samples: Samples): Gap | undefined {
    const { channels, rate } = this.#opening;
    if (samples.channels !== channels.length)
      throw new ProtocolError('wrong-channels', `channels must be ${channels.length}, got ${samples.channels}`);
    if (samples.rate !== undefined && Math.abs(samples.rate - rate) > 1e-6 * rate)
      throw new ProtocolError('wrong-rate', `rate must be ${rate} Hz, got ${samples.rate}`);
    const frames = samples.data.length / samples.channels;
    checkTimes(samples, rate, frames);
    const { start, old, gap } = this.#numbering.place(samples.start, frames);
    if (gap) this.#emitGap(gap);
    if (old < frames) this.#emitFrames(samples, start, old);
    return gap;
  }

  /** Records frames that the sensor reports as missing. */
  skip(gap: Gap): void {
    const missing = this.#numbering.skip(gap);
    if (missing) this.#emitGap(missing);
  }

  mark({ at, label, frames }: Mark): void {
    this.output.next({ type: 'mark', at, label, ...(frames === undefined ? {} : { frames }) });
  }

  /** Controls a learner. Throws a ProtocolError ('unknown-learner') if there is none with this index. */
  control({ learner, on, learningRate, step, act }: LearningRequest): void {
    if (!this.#pipeline?.control(learner, { learning: on, learningRate: learningRate ?? step, act }))
      throw new ProtocolError('unknown-learner', `learner must be one of stream ${this.name}, got ${learner}`);
    this.output.next({ type: 'info' });
  }

  /**
   * Sets the streams that are targets of this one, at the same rate. Learners of new or restarted targets are created.
   */
  setTargets(targets: readonly FeedInfo[], restarted?: string): void {
    const known = new Set(this.#targets.map(({ name }) => name));
    this.#targets = targets.filter(({ rate }) => rate === this.#opening.rate);
    const changed = this.#targets.filter(({ name }) => !known.has(name) || name === restarted);
    if (changed.length === 0) return;
    const networks = this.networks();
    this.#design(({ learners }) => {
      for (const learner of learners)
        if (changed.some(({ name }) => name === learner.target))
          this.#addLearner(learner, networks.get(learner.name)?.weights());
    });
    this.output.next({ type: 'info' });
  }

  /** Processes frames of a stream that is a target of this one. */
  pushTarget(target: string, block: Block): void {
    this.#pipeline?.pushTarget(target, block);
  }

  health(now: number): StreamHealth {
    return { ...this.#statistics.health(this.name, now), next: this.next };
  }

  /** Returns the current network of every learner, by name. */
  networks(): Map<string, Network> {
    return this.#pipeline?.networks() ?? new Map<string, Network>();
  }

  #emitFrames({ data, valid, time, channels }: Samples, start: number, old: number): void {
    const { rate } = this.#opening;
    const fresh = old === 0 ? data : data.slice(old * channels);
    const validity = invalidateNonFinite(fresh, channels, valid?.slice(old));
    const frames = fresh.length / channels;
    const firstTime =
      time === undefined
        ? this.#clock.date(start, frames, this.#options.now())
        : time + (rate > 0 ? (old * 1000) / rate : 0);
    const block: Block = {
      data: fresh,
      channels,
      start,
      rate,
      time: firstTime,
      ...(validity ? { valid: validity } : {}),
    };
    this.#statistics.received += frames;
    this.#statistics.newest = timeOf(block, start + frameCount(block) - 1);
    if (validity) for (const real of validity) this.#statistics.invalid += 1 - real;
    this.output.next({ type: 'raw', block });
    this.#pipeline?.push(block);
  }

  #emitGap(gap: Gap): void {
    this.#statistics.gaps += gap.count;
    this.output.next(gap);
  }

  #restart(): void {
    const networks = this.networks();
    this.#pipeline?.stop();
    this.#pipeline = undefined;
    this.#run = (this.#run + 1) >>> 0;
    this.#numbering = new FrameNumbering();
    this.#clock = new ArrivalClock(this.#opening.rate);
    this.#targets = this.#targets.filter(({ rate }) => rate === this.#opening.rate);
    this.output.next({ type: 'run', run: this.#run, next: 0 });
    this.#build((learner) => networks.get(learner)?.weights());
  }

  #build(weights: (learner: string) => Weights | undefined): void {
    this.broken.clear();
    this.#design((spec) => {
      const emit = (output: PipelineOutput) => {
        this.#emit(output);
      };
      this.#pipeline = new FeedPipeline({ spec, info: { name: this.name, ...this.#opening }, emit });
      for (const learner of spec.learners) this.#addLearner(learner, weights(learner.name));
    });
  }

  /** Calls `work` with the designed spec; an error of the designer is emitted as 'broken'. */
  #design(work: (spec: FeedSpec) => void): void {
    try {
      work(this.#options.design({ name: this.name, ...this.#opening }, this.#targets));
    } catch (error) {
      this.#emit({ type: 'broken', where: 'design', message: String(error) });
    }
  }

  #emit(output: PipelineOutput): void {
    if (output.type === 'broken') this.broken.set(output.where, output);
    this.output.next(output);
  }

  #addLearner(spec: LearnerSpec, before: Weights | undefined): void {
    const target = this.#targets.find(({ name }) => name === spec.target);
    const weights = before ?? this.#options.savedWeights(this.name, spec.name);
    this.#pipeline?.addLearner(
      spec,
      target?.channels.map(({ label }) => label),
      weights,
    );
  }
}

/** Throws if the time of the last frame is out of range. */
function checkTimes({ time = 0 }: Samples, rate: number, frames: number): void {
  if (rate > 0 && time + ((frames - 1) * 1000) / rate > maxTime)
    throw new ProtocolError(
      'bad-time',
      `time of the last frame must be at most ${maxTime} ms, got ${frames} frames from ${time} ms`,
    );
}

/** Replaces non-finite samples by NaN and marks their frames invalid; returns the validity, if any frame is invalid. */
function invalidateNonFinite(
  data: Float32Array,
  channels: number,
  valid: Uint8Array | undefined,
): Uint8Array | undefined {
  let validity = valid;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    data[i] = NaN;
    validity ??= new Uint8Array(data.length / channels).fill(1);
    validity[Math.floor(i / channels)] = 0;
  }
  return validity;
}
