import { integer, positive } from './check.ts';
import type { Optimizer } from './descent.ts';
import type { Network } from './network.ts';
import type { NetworkStream } from './network-stream.ts';
import { Safeguard } from './safeguard.ts';
import { floatsIn, numberIn, stateIn, type State } from './state.ts';
import { weightsOf, type Weights } from './weights.ts';

export interface StepperOptions {
  /** Updates over which the rate rises from nearly 0 to its own. Default: none. */
  warmUp?: number;
  /** Updates after which the rate is half of its own, a third after twice as many: rate / (1 + n / decay). Default: never. */
  decay?: number;
  /** Updates that the weights to serve are a running mean of. Default 1: they are those learned. */
  average?: number;
}

/** The updates of a learner: at a rate that rises and falls, watched over, with the way back. */
export class Stepper {
  readonly optimizer: Optimizer;
  /** Updates so far, and how many times the last good weights were brought back. */
  updates = 0;
  rollbacks = 0;
  readonly #network: Network;
  readonly #options: Required<StepperOptions>;
  readonly #safeguard: Safeguard;
  readonly #start: readonly Float32Array[];
  /** The running means of the weights; empty where they are not asked for. */
  readonly #means: readonly Float32Array[];

  constructor(network: Network, optimizer: Optimizer, { warmUp = 0, decay = Infinity, average = 1 }: StepperOptions) {
    this.optimizer = optimizer;
    this.#network = network;
    integer('warmUp', warmUp, 0);
    if (decay !== Infinity) positive('decay', decay, 'updates');
    this.#options = { warmUp, decay, average: integer('average', average, 1) };
    this.#safeguard = new Safeguard(network);
    this.#start = network.packed();
    this.#means = average > 1 ? network.packed() : [];
  }

  /** Counts the loss of an output; whether the weights have exploded. */
  judge(loss: number, lossOfNothing: number): boolean {
    return this.#safeguard.judge(loss, lossOfNothing);
  }

  /** One step; whether every weight is a number. */
  update(stream: NetworkStream): boolean {
    const { optimizer } = this;
    const { rate } = optimizer;
    optimizer.rate = rate * this.#share();
    optimizer.step(this.#network, stream);
    optimizer.rate = rate;
    if (!this.#safeguard.check()) return false;
    this.updates++;
    if (this.#means.length > 0) this.#addToMeans();
    return true;
  }

  /** Brings the last good weights back, as if the optimizer had just begun. */
  rollback(stream: NetworkStream): void {
    this.#safeguard.goBack();
    this.rollbacks++;
    this.#forget(stream);
  }

  /** Brings the weights back that learning began with. */
  reset(stream: NetworkStream): void {
    this.#network.setPacked(this.#start);
    this.#safeguard.keep();
    this.#safeguard.keep();
    this.updates = 0;
    this.#forget(stream);
  }

  /** The weights to serve, as copies. */
  weights(): Weights {
    const means = this.#means;
    return means.length === 0 ? this.#network.weights() : weightsOf(this.#network.parameters, means);
  }

  save(): State {
    const { updates, rollbacks } = this;
    return {
      updates,
      rollbacks,
      optimizer: this.optimizer.save(),
      safeguard: this.#safeguard.save(),
      start: listed(this.#start),
      means: listed(this.#means),
    };
  }

  restore(state: State): void {
    this.updates = numberIn(state, 'updates');
    this.rollbacks = numberIn(state, 'rollbacks');
    this.optimizer.restore(stateIn(state, 'optimizer'));
    this.#safeguard.restore(stateIn(state, 'safeguard'));
    readInto(this.#start, stateIn(state, 'start'));
    readInto(this.#means, stateIn(state, 'means'));
  }

  #share(): number {
    const { warmUp, decay } = this.#options;
    const risen = this.updates < warmUp ? (this.updates + 1) / warmUp : 1;
    return risen / (1 + this.updates / decay);
  }

  #addToMeans(): void {
    const { f32 } = this.#network.engine.arena;
    const share = 1 / Math.min(this.updates, this.#options.average);
    for (let i = 0; i < this.#means.length; i++) {
      const [means, { at, count }] = [this.#means[i], this.#network.values[i]];
      for (let j = 0; j < count; j++) means[j] += share * (f32[at + j] - means[j]);
    }
  }

  #forget(stream: NetworkStream): void {
    stream.drop();
    this.optimizer.restore({ rate: this.optimizer.rate, count: 0, memory: {} });
    const now = this.#network.packed();
    for (let i = 0; i < this.#means.length; i++) this.#means[i].set(now[i]);
  }
}

function listed(arrays: readonly Float32Array[]): State {
  return Object.fromEntries(arrays.map((array, i) => [String(i), array.slice()]));
}

function readInto(arrays: readonly Float32Array[], state: State): void {
  for (const [i, array] of arrays.entries()) array.set(floatsIn(state, String(i), array.length));
}
