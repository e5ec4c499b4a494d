import { integer, positive } from '../check.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import { noSkips, type SkipReason } from './learned.ts';
import type { Network } from '../network/network.ts';
import type { NetworkStream } from '../network/network-stream.ts';
import { DivergenceGuard } from './divergence-guard.ts';
import { doublesIn, floatsIn, numberIn, stateIn, type State } from '../state/state.ts';
import { weightsOf, type Weights } from '../network/weights.ts';

export interface UpdateOptions {
  /** Updates over which the rate rises from nearly 0 to its own. Default: none. */
  warmUp?: number;
  /** Updates after which the rate is half of its own, a third after twice as many: rate / (1 + n / decay). Default: never. */
  decay?: number;
  /** Updates that the weights to serve are a running mean of. Default 1: they are those learned. */
  average?: number;
}

/**
 * Outputs after a retreat in which another does not halve the rate again, the most halvings, and updates in calm after which one is
 * taken back, times 2 for each that there is: so a rate that does not hold is tried more and more seldom.
 */
const [episodeOutputs, maxHalvings, updatesToDouble] = [16, 40, 5000];

/** The updates of a learner: at a rate that rises and falls, watched over, with the way back. */
export class WeightUpdater {
  readonly optimizer: Optimizer;
  /** Outputs that were not learned from, by the reason; and those learned from since the last update. */
  readonly skipped: Record<SkipReason, number> = { ...noSkips };
  accumulated = 0;
  /** Updates so far, and how many times the last good weights were brought back. */
  updates = 0;
  rollbacks = 0;
  readonly #network: Network;
  readonly #options: Required<UpdateOptions>;
  readonly #guard: DivergenceGuard;
  readonly #start: readonly Float32Array[];
  /** The running means of the weights; empty where they are not asked for. */
  readonly #averages: readonly Float32Array[];
  /** How often the rate is halved, and what that left. */
  #halvings = 0;
  #halvedRate = 0;
  /** Outputs and updates since the last retreat. */
  #outputsSince = episodeOutputs;
  #updatesSince = 0;

  constructor(network: Network, optimizer: Optimizer, { warmUp = 0, decay = Infinity, average = 1 }: UpdateOptions) {
    this.optimizer = optimizer;
    this.#network = network;
    integer('warmUp', warmUp, 0);
    if (decay !== Infinity) positive('decay', decay, 'updates');
    this.#options = { warmUp, decay, average: integer('average', average, 1) };
    this.#guard = new DivergenceGuard(network);
    this.#start = network.packed();
    this.#averages = average > 1 ? network.packed() : [];
  }

  /** Counts the loss of an output; whether the weights have exploded. */
  hasDiverged(loss: number, lossOfNothing: number): boolean {
    this.#outputsSince++;
    return this.#guard.hasDiverged(loss, lossOfNothing);
  }

  /** One step; when a weight is then no number, a retreat. */
  update(stream: NetworkStream): void {
    this.optimizer.step(this.#network, stream, this.#rateFactor());
    if (!this.#guard.checkWeights()) {
      this.recover(stream, 'notFinite');
      return;
    }
    this.accumulated = 0;
    this.updates++;
    if (++this.#updatesSince === updatesToDouble * 2 ** this.#halvings) this.#double();
    if (this.#averages.length > 0) this.#updateAverages();
  }

  /** Brings the last good weights back, as if the optimizer had just begun. */
  rollback(stream: NetworkStream): void {
    this.#guard.restoreWeights();
    this.rollbacks++;
    this.#resetOptimizer(stream);
  }

  /** As `rollback`, after an explosion: the rate is halved, once for a trouble that goes on, and doubled again when all is well for long. */
  recover(stream: NetworkStream, reason: SkipReason): void {
    this.skipped[reason] += this.accumulated;
    if (this.#outputsSince >= episodeOutputs) this.#halve();
    this.#outputsSince = 0;
    this.#updatesSince = 0;
    this.rollback(stream);
  }

  /** Brings the weights back that learning began with, and what halvings took of the rate. */
  reset(stream: NetworkStream): void {
    while (this.#halvings > 0) this.#double();
    this.#network.setPacked(this.#start);
    this.#guard.checkpoint();
    this.#guard.checkpoint();
    this.updates = 0;
    this.#resetOptimizer(stream);
  }

  /** The weights to serve, as copies. */
  weights(): Weights {
    const means = this.#averages;
    return means.length === 0 ? this.#network.weights() : weightsOf(this.#network.parameters, means);
  }

  save(): State {
    const { updates, rollbacks } = this;
    return {
      refused: { ...this.skipped },
      unused: this.accumulated,
      updates,
      rollbacks,
      halvings: this.#halvings,
      left: this.#halvedRate,
      since: Float64Array.of(this.#outputsSince, this.#updatesSince),
      optimizer: this.optimizer.save(),
      safeguard: this.#guard.save(),
      start: copiesOf(this.#start),
      means: copiesOf(this.#averages),
    };
  }

  restore(state: State): void {
    const refused = stateIn(state, 'refused');
    for (const reason of Object.keys(noSkips) as SkipReason[]) this.skipped[reason] = numberIn(refused, reason);
    this.accumulated = numberIn(state, 'unused');
    this.updates = numberIn(state, 'updates');
    this.rollbacks = numberIn(state, 'rollbacks');
    this.#halvings = numberIn(state, 'halvings');
    this.#halvedRate = numberIn(state, 'left');
    [this.#outputsSince, this.#updatesSince] = doublesIn(state, 'since', 2);
    this.optimizer.restore(stateIn(state, 'optimizer'));
    this.#guard.restore(stateIn(state, 'safeguard'));
    readInto(this.#start, stateIn(state, 'start'));
    readInto(this.#averages, stateIn(state, 'means'));
  }

  #halve(): void {
    this.#discardStaleHalvings();
    if (this.#halvings === maxHalvings) return;
    this.#halvings++;
    this.#halvedRate = this.optimizer.learningRate /= 2;
  }

  #double(): void {
    this.#discardStaleHalvings();
    if (this.#halvings === 0) return;
    this.#halvings--;
    this.#updatesSince = 0;
    this.#halvedRate = this.optimizer.learningRate *= 2;
  }

  /** A rate that was set anew meanwhile is nobody's half. */
  #discardStaleHalvings(): void {
    if (this.optimizer.learningRate !== this.#halvedRate) this.#halvings = 0;
  }

  #rateFactor(): number {
    const { warmUp, decay } = this.#options;
    const risen = this.updates < warmUp ? (this.updates + 1) / warmUp : 1;
    return risen / (1 + this.updates / decay);
  }

  #updateAverages(): void {
    const { f32 } = this.#network.engine.arena;
    const share = 1 / Math.min(this.updates, this.#options.average);
    for (let i = 0; i < this.#averages.length; i++) {
      const [means, { at, count }] = [this.#averages[i], this.#network.values[i]];
      for (let j = 0; j < count; j++) means[j] += share * (f32[at + j] - means[j]);
    }
  }

  #resetOptimizer(stream: NetworkStream): void {
    this.accumulated = 0;
    stream.drop();
    this.optimizer.restore({ rate: this.optimizer.learningRate, count: 0, memory: {} });
    const now = this.#network.packed();
    for (let i = 0; i < this.#averages.length; i++) this.#averages[i].set(now[i]);
  }
}

function copiesOf(arrays: readonly Float32Array[]): State {
  return Object.fromEntries(arrays.map((array, i) => [String(i), array.slice()]));
}

function readInto(arrays: readonly Float32Array[], state: State): void {
  for (const [i, array] of arrays.entries()) array.set(floatsIn(state, String(i), array.length));
}
