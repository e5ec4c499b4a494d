import { invalid, positive } from '../../check.ts';
import type { ParameterGradients } from '../../layers/parameter-gradients.ts';
import type { Engine } from '../../memory/engine.ts';
import type { NetworkStream } from '../../network/network-stream.ts';
import type { Network } from '../../network/network.ts';
import { floatsIn, numberIn, stateIn, type State } from '../../state/state.ts';
import { EngineOptimizer } from './engine-optimizer.ts';
import { LeastSquaresLayer } from './least-squares-layer.ts';
import { learningRateOf, type TunableOptimizer } from './optimizer.ts';

/** Options of `rls`. */
export interface RlsOptions {
  /**
   * Forgetting factor λ, 0.9 … 1: an error counts 1/e after 1 / (1 - λ) updates. Default: 16 updates per weight of an output,
   * 1 - 1 / (16 n), which raises the error in noise by 0.13 dB.
   */
  forgetting?: number;
  /**
   * Whether the past is discounted after an abrupt change, so that the weights follow it about as quickly as at the start. A change
   * is detected where weights with a short memory have less than half of the squared error. Only for a network of one layer, and
   * not for forecasts over several frames, whose errors are correlated. Default: false; a learner without the option `optimizer`
   * sets it wherever it is possible.
   */
  detectChanges?: boolean;
  /** Factor of all changes of the weights, > 0. Default 1; smaller values are not least squares. */
  learningRate?: number;
  /** @deprecated Use `learningRate`. */
  rate?: number;
}

/** Learning rate and momentum of the layers below the last one, for errors relative to the variance of the target. */
const hiddenRate = 3e-4;
const momentum = 0.9;
/** Number of updates after which these layers are updated, when the variance of the target is known. */
const settling = 300;

/**
 * Creates a recursive least squares optimizer, for a network whose last layer is a convolution with one group and without
 * dilation (or 'linear'), and the loss 'squared' or 'huber'. All outputs share one inverse covariance P of the windows u of the
 * last layer, in double precision:
 *
 *     k = P u / (λ + uᵀ P u)        w ← w - e k        P ← (P - k uᵀ P) / λ
 *
 * The last layer converges in a few multiples of its number of weights per output, whatever the amplitudes and correlations of
 * its inputs. The work per update is the square of that number. The layers below it are updated by gradient descent with
 * momentum, with errors relative to the variance of the target. Windows and errors of more than 10 times the usual amplitude
 * count as 10 times. With a bias, an offset of the input of the last layer does not matter.
 *
 * Sources: Haykin, Adaptive Filter Theory, ch. 10; Gunnarsson, Combining Tracking and Regularization in Recursive Least
 * Squares Identification, 1996.
 */
export function rls(options: RlsOptions = {}): TunableOptimizer {
  const { forgetting, detectChanges = false } = options;
  if (forgetting !== undefined && !(forgetting >= 0.9 && forgetting <= 1))
    throw invalid('forgetting', 'a number from 0.9 to 1', forgetting);
  return new Rls({ forgetting, detectChanges }, learningRateOf(options) ?? 1);
}

class Rls extends EngineOptimizer implements TunableOptimizer {
  readonly recomputes = true;
  /** Variance of the target of each output, by which the learner divides errors. */
  outputScales: Float64Array | null = null;
  readonly #options: { forgetting: number | undefined; detectChanges: boolean };
  #last: LeastSquaresLayer | null = null;
  /** Offset and count of the velocities of each array of weights below the last layer. */
  readonly #velocities: { readonly at: number; readonly count: number }[] = [];
  #restored: State | null = null;
  /** The layer and the learning rate of the current step. */
  #layer: ParameterGradients | null = null;
  #rate = 1;
  readonly #solve = (window: number, gradient: number): void => {
    const scales = this.outputScales;
    if (scales) {
      const { f32 } = this.engine.arena;
      for (let o = 0; o < scales.length; o++) f32[gradient + o] *= scales[o];
    }
    this.#last!.update(this.#layer!, window, gradient, this.#rate);
  };

  constructor(options: { forgetting: number | undefined; detectChanges: boolean }, learningRate: number) {
    super(learningRate);
    this.#options = options;
  }

  step(network: Network, stream: NetworkStream, part = 1): void {
    this.begin(network, stream);
    const { trained } = stream.stack;
    const layer = trained[trained.length - 1];
    this.#prepare(network.engine, trained);
    this.#layer = layer;
    this.#rate = this.learningRate * part;
    layer.solve(this.#solve);
    this.#descend(trained);
  }

  save(): State {
    const { learningRate } = this;
    if (!this.#last) return this.#restored ? { ...this.#restored, rate: learningRate } : { rate: learningRate };
    const { f32 } = this.engine.arena;
    const velocities = this.#velocities.map(({ at, count }, i) => [String(i), f32.slice(at, at + count)]);
    return { rate: learningRate, last: this.#last.save(), velocities: Object.fromEntries(velocities) as State };
  }

  restore(state: State): void {
    // states of other optimizers contain the number of updates
    if ('count' in state) throw new TypeError('state must be a state of optimizer rls, got one of another optimizer');
    this.learningRate = positive('state.rate', numberIn(state, 'rate'));
    this.releaseMemory();
    this.#last = null;
    this.#velocities.length = 0;
    this.#restored = 'last' in state ? state : null;
  }

  fresh(): TunableOptimizer {
    return new Rls(this.#options, this.startRate);
  }

  /** Allocates the memory before the first step. */
  #prepare(engine: Engine, trained: readonly ParameterGradients[]): void {
    const shape = trained[trained.length - 1].regression;
    if (!shape) throw new TypeError('the last layer of network must be a conv1d with one group for optimizer rls');
    if (this.#last) {
      this.#last.checkShape(shape);
      return;
    }
    const allocation = this.memoryOn(engine);
    const hidden = trained.length > 1;
    const { forgetting, detectChanges } = this.#options;
    this.#last = new LeastSquaresLayer(engine, allocation, shape, {
      forgetting,
      hidden,
      detectChanges: detectChanges && !hidden,
    });
    for (const { values } of trained.slice(0, -1))
      for (const { count } of values) this.#velocities.push({ at: allocation.allocate(count), count });
    const state = this.#restored;
    if (!state) return;
    this.#last.restore(stateIn(state, 'last'));
    for (const [i, { at, count }] of this.#velocities.entries())
      engine.arena.f32.set(floatsIn(stateIn(state, 'velocities'), String(i), count), at);
  }

  /** Updates the layers below the last one. */
  #descend(trained: readonly ParameterGradients[]): void {
    const { kernels } = this.engine;
    let place = 0;
    const isSettled = this.#last!.updates > settling;
    for (let l = 0; l < trained.length - 1; l++) {
      const layer = trained[l];
      if (!isSettled) {
        layer.discard();
        continue;
      }
      layer.addPending();
      for (let i = 0; i < layer.values.length; i++) {
        const { at, count } = layer.values[i];
        kernels.sgd(
          at,
          layer.gradient(i),
          this.#velocities[place++].at,
          count,
          this.#rate * hiddenRate,
          momentum,
          0,
          0,
        );
      }
      layer.markCleared();
    }
  }
}
