import { runWords } from '../../kernels/run-layout.ts';
import { integer, positive } from '../check.ts';
import { withBothNames } from './optimizers/both-names.ts';
import type { Optimizer, TunableOptimizer } from './optimizers/optimizer.ts';
import { noSkips, type SkipReason } from './learned.ts';
import type { Network } from '../network/network.ts';
import type { NetworkStream } from '../network/network-stream.ts';
import { DivergenceGuard } from './divergence-guard.ts';
import { doublesIn, numberIn, stateIn, type State } from '../state/state.ts';
import { copiesOf, readInto } from './weight-arrays.ts';
import { weightsOf, type Weights } from '../network/weights.ts';

export interface UpdateOptions {
  /**
   * Learning-rate warm-up: number of updates over which the learning rate rises from near 0 to its full value. Default:
   * none.
   */
  warmUp?: number;
  /**
   * Learning-rate decay: after this many updates the learning rate is halved, after twice as many a third: µ / (1 + n /
   * decay). Default: none.
   */
  decay?: number;
  /** Number of updates averaged in the weights to serve. Default 1: the weights as learned. */
  average?: number;
}

/** Outputs after a recovery within which another recovery does not halve the learning rate again. */
const episodeOutputs = 16;
/** Maximum number of halvings in effect. */
const maxHalvings = 40;
/**
 * Updates without divergence after which one halving is undone. Doubled for each halving in effect, so that a learning
 * rate that fails is retried less and less often.
 */
const updatesToDouble = 5000;

/** Applies the updates of a learner: learning-rate schedule, divergence check, and recovery. */
export class WeightUpdater {
  readonly optimizer: TunableOptimizer;
  /** Number of outputs that were not learned from, by reason, and of those learned from since the last update. */
  readonly skipped: Record<SkipReason, number> = { ...noSkips };
  accumulated = 0;
  /** Number of updates, and of restored good weights, so far. */
  updates = 0;
  rollbacks = 0;
  readonly #network: Network;
  readonly #options: Required<UpdateOptions>;
  readonly #guard: DivergenceGuard;
  /** The weights before the first update, in the engine's layout. */
  start: readonly Float32Array[];
  /** Running means of the weights; empty unless `average` > 1. */
  readonly #averages: readonly Float32Array[];
  /** Number of halvings in effect, and the learning rate after the last change. */
  #halvings = 0;
  #halvedLearningRate = 0;
  /** Outputs and updates since the last recovery. */
  #outputsSince = episodeOutputs;
  #updatesSince = 0;
  /** Bound of the size of all weights for the kernel `train`, and the version of the weights for which it holds. */
  #bound = Infinity;
  #boundVersion = -1;

  constructor(network: Network, optimizer: Optimizer, { warmUp = 0, decay = Infinity, average = 1 }: UpdateOptions) {
    this.optimizer = withBothNames(optimizer);
    this.#network = network;
    integer('warmUp', warmUp, 0);
    if (decay !== Infinity) positive('decay', decay, 'updates');
    this.#options = { warmUp, decay, average: integer('average', average, 1) };
    this.#guard = new DivergenceGuard(network);
    this.start = network.packed();
    this.#averages = average > 1 ? network.packed() : [];
  }

  /** Adds the loss of an output. Returns whether the weights have diverged. */
  addLoss(loss: number, zeroLoss: number): boolean {
    this.#outputsSince++;
    return this.#guard.addLoss(loss, zeroLoss);
  }

  /** Makes one update, and recovers if a weight becomes non-finite. */
  update(stream: NetworkStream): void {
    this.optimizer.step(this.#network, stream, this.#learningRateFactor());
    if (!this.#guard.checkWeights()) {
      this.recover(stream, 'notFinite');
      return;
    }
    this.accumulated = 0;
    this.updates++;
    if (++this.#updatesSince === updatesToDouble * 2 ** this.#halvings) this.#double();
    if (this.#averages.length > 0) this.#updateAverages();
  }

  /**
   * Number of updates that can be made in one call of the kernel `train`; 0 if it cannot make the updates, because the learning rate
   * is scheduled or weights are averaged.
   */
  get updatesInRun(): number {
    const { warmUp, decay, average } = this.#options;
    if (this.updates < warmUp || decay !== Infinity || average > 1) return 0;
    const toDouble = updatesToDouble * 2 ** this.#halvings - this.#updatesSince;
    return toDouble > 0 ? Math.min(this.#guard.updatesToCheckpoint, toDouble) : this.#guard.updatesToCheckpoint;
  }

  /**
   * Writes the update, and the state that the kernel `train` updates, to the run at offset `run`. The optimizer must be one that
   * `descends`.
   */
  beginRun(run: number, stream: NetworkStream): void {
    const { engine, changes } = this.#network;
    const bound = changes.version === this.#boundVersion ? this.#bound : Infinity;
    const descent = this.optimizer.descent!(this.#network, stream);
    const { f64 } = engine.arena;
    f64[(run + runWords.rate) / 2] = descent.learningRate;
    f64[(run + runWords.epsilon) / 2] = descent.epsilon;
    f64[(run + runWords.bound) / 2] = bound;
    this.#guard.writeMeans(f64, (run + runWords.means) / 2);
  }

  /** Reads that state, and counts the outputs and the updates of the run. */
  endRun(run: number, outputs: number, updates: number): void {
    const { engine, changes } = this.#network;
    const { f64 } = engine.arena;
    this.#bound = f64[(run + runWords.bound) / 2];
    this.#boundVersion = changes.version;
    this.#guard.readMeans(f64, (run + runWords.means) / 2);
    this.#guard.addUpdates(updates);
    this.optimizer.countUpdates!(updates);
    this.#outputsSince += outputs;
    this.accumulated = updates > 0 ? outputs - updates : this.accumulated + outputs;
    this.updates += updates;
    this.#updatesSince += updates;
    if (this.#updatesSince === updatesToDouble * 2 ** this.#halvings) this.#double();
  }

  /** Restores the last good weights and clears the optimizer's memory. */
  rollback(stream: NetworkStream): void {
    this.#guard.restoreWeights();
    this.rollbacks++;
    this.#resetOptimizer(stream);
  }

  /**
   * Restores the last good weights after a divergence, and halves the learning rate unless the same divergence has
   * already halved it.
   */
  recover(stream: NetworkStream, reason: SkipReason): void {
    this.skipped[reason] += this.accumulated;
    if (this.#outputsSince >= episodeOutputs) this.#halve();
    this.#outputsSince = 0;
    this.#updatesSince = 0;
    this.rollback(stream);
  }

  /** Restores the initial weights and undoes all halvings of the learning rate. */
  reset(stream: NetworkStream): void {
    while (this.#halvings > 0) this.#double();
    this.#network.setPacked(this.start);
    this.#guard.checkpoint();
    this.#guard.checkpoint();
    this.updates = 0;
    this.#resetOptimizer(stream);
  }

  /** Uses the current weights as the initial ones. */
  startFromHere(): void {
    this.start = this.#network.packed();
    this.#guard.checkpoint();
    this.#guard.checkpoint();
  }

  /** Returns copies of the weights, or of their averages if there are some. */
  weights(): Weights {
    return weightsOf(this.#network.parameters, this.views());
  }

  /** Like `weights`, in the engine's layout and without a copy. */
  views(): readonly Float32Array[] {
    if (this.#averages.length > 0) return this.#averages;
    const { f32 } = this.#network.engine.arena;
    return this.#network.values.map(({ at, count }) => f32.subarray(at, at + count));
  }

  save(): State {
    const { updates, rollbacks } = this;
    return {
      refused: { ...this.skipped },
      unused: this.accumulated,
      updates,
      rollbacks,
      halvings: this.#halvings,
      left: this.#halvedLearningRate,
      since: Float64Array.of(this.#outputsSince, this.#updatesSince),
      optimizer: this.optimizer.save(),
      safeguard: this.#guard.save(),
      start: copiesOf(this.start),
      means: copiesOf(this.#averages),
    };
  }

  restore(state: State): void {
    const skipped = stateIn(state, 'refused');
    for (const reason of Object.keys(noSkips) as SkipReason[]) this.skipped[reason] = numberIn(skipped, reason);
    this.accumulated = numberIn(state, 'unused');
    this.updates = numberIn(state, 'updates');
    this.rollbacks = numberIn(state, 'rollbacks');
    this.#halvings = numberIn(state, 'halvings');
    this.#halvedLearningRate = numberIn(state, 'left');
    [this.#outputsSince, this.#updatesSince] = doublesIn(state, 'since', 2);
    this.optimizer.restore(stateIn(state, 'optimizer'));
    this.#guard.restore(stateIn(state, 'safeguard'));
    readInto(this.start, stateIn(state, 'start'));
    readInto(this.#averages, stateIn(state, 'means'));
  }

  #halve(): void {
    this.#discardStaleHalvings();
    if (this.#halvings === maxHalvings) return;
    this.#halvings++;
    this.#halvedLearningRate = this.optimizer.learningRate /= 2;
  }

  #double(): void {
    this.#discardStaleHalvings();
    if (this.#halvings === 0) return;
    this.#halvings--;
    this.#updatesSince = 0;
    this.#halvedLearningRate = this.optimizer.learningRate *= 2;
  }

  /** Halvings no longer count once the learning rate has been set from outside. */
  #discardStaleHalvings(): void {
    if (this.optimizer.learningRate !== this.#halvedLearningRate) this.#halvings = 0;
  }

  #learningRateFactor(): number {
    const { warmUp, decay } = this.#options;
    const risen = this.updates < warmUp ? (this.updates + 1) / warmUp : 1;
    return risen / (1 + this.updates / decay);
  }

  #updateAverages(): void {
    const { f32 } = this.#network.engine.arena;
    const weight = 1 / Math.min(this.updates, this.#options.average);
    for (let i = 0; i < this.#averages.length; i++) {
      const [means, { at, count }] = [this.#averages[i], this.#network.values[i]];
      for (let j = 0; j < count; j++) means[j] += weight * (f32[at + j] - means[j]);
    }
  }

  #resetOptimizer(stream: NetworkStream): void {
    this.accumulated = 0;
    stream.discardGradients();
    const { learningRate } = this.optimizer;
    this.optimizer.restore(this.optimizer.fresh().save());
    this.optimizer.learningRate = learningRate;
    const now = this.#network.packed();
    for (let i = 0; i < this.#averages.length; i++) this.#averages[i].set(now[i]);
  }
}
