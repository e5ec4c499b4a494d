import { fields, integer, invalid, nonNegative } from '../check.ts';
import { lineMemory } from '../memory/memory-size.ts';
import type { Layer, ParameterSpec, StreamContext } from './layer.ts';
import type { CustomSpec, LayerContext } from './layer-spec.ts';
import { windowPace } from './pace.ts';
import { ParameterGradients, type MemoryRange } from './parameter-gradients.ts';
import { WindowLayer } from './window-layer.ts';
import { keptFrames, windowing, type Windowing, type WindowSpec } from './windowing.ts';

/**
 * A layer of your own as a function of one window and its derivative. The engine supplies the rest: delay lines, stride,
 * padding, validity, gaps, streamed gradients, and saved state. Output n is `forward` of the window that is aligned with
 * input frame nS + f, so the outputs do not depend on how a stream is split.
 */
export interface WindowFunction {
  /** Channels of the output. */
  readonly outChannels: number;
  /** The window that one output reads, as in a 'conv1d' spec. Default: `{ kernelSize: 1 }`, one frame. */
  readonly window?: WindowSpec;
  /** Trainable arrays. `start` is a number that fills the array, or the fan of a random start. Default: none. */
  readonly parameters?: readonly Pick<ParameterSpec, 'name' | 'shape' | 'start'>[];
  /** Multiply-adds per output frame, for `plan`. Default: kernelSize · inChannels · outChannels. */
  readonly macs?: number;
  /**
   * Computes one output. Must depend on its arguments only.
   *
   * @param x the window, [kernelSize, inChannels], oldest frame first; all numbers are finite
   * @param y receives the output, [outChannels]
   * @param weights the arrays of `parameters`, in their order and shape
   */
  forward(x: Float32Array, y: Float32Array, weights: readonly Float32Array[]): void;
  /**
   * Adds the gradients of one output: the transposed derivative of `forward`. Layers without it can run, but not learn.
   *
   * @param x the window, as in `forward`
   * @param gradY ∂L/∂y, [outChannels]
   * @param gradX receives ∂L/∂x, [kernelSize, inChannels]; starts at 0
   * @param weights as in `forward`
   * @param gradients receives ∂L/∂w of each of `weights`; starts at 0
   */
  backward?(
    x: Float32Array,
    gradY: Float32Array,
    gradX: Float32Array,
    weights: readonly Float32Array[],
    gradients: readonly Float32Array[],
  ): void;
}

/** What `registerLayer` needs to know of a type of layer. */
export interface LayerDefinition<Spec extends CustomSpec = CustomSpec> {
  /** Fields that a spec may have besides `type`. Other fields are rejected. Default: none. */
  readonly fields?: readonly string[];
  /** Checks a spec and returns what it computes. Throw an error that names the field that is wrong. */
  build(spec: Spec, inChannels: number): WindowFunction;
}

const definitions = new Map<string, LayerDefinition>();

/**
 * Makes a type of layer available in every `NetworkSpec` of this process. Check it with `verifyLayer` of
 * 'tapline/testing' before you use it. A worker thread registers its own.
 *
 * @param type a name with a namespace, such as 'acme/median', so that it cannot clash with a built-in layer
 * @throws RangeError if `type` has no namespace or is registered already with another definition
 */
export function registerLayer<Spec extends CustomSpec>(type: Spec['type'], definition: LayerDefinition<Spec>): void {
  if (!/^[\w.-]+\/[\w.-]+$/.test(type)) throw invalid('type', "a name with a namespace, such as 'acme/median'", type);
  const known = definitions.get(type);
  if (known && known !== definition) throw invalid('type', 'a name that is not registered yet', type);
  definitions.set(type, definition);
}

/** The definition registered for `type`, if any. */
export function layerDefinition(type: string): LayerDefinition | undefined {
  return definitions.get(type);
}

/** The names of all registered layers. */
export function registeredLayers(): string[] {
  return [...definitions.keys()];
}

/** Checks the spec of a registered layer. */
export function customLayer(spec: CustomSpec, { inChannels, edgePadding }: LayerContext): Layer {
  const { type } = spec;
  const compute = checkCompute(type, definitions.get(type)!.build(spec, inChannels));
  const outChannels = integer('outChannels', compute.outChannels, 1);
  const given = compute.window ?? { kernelSize: 1 };
  const window = windowing(edgePadding ? { ...given, padding: 'edge' } : given);
  const { macs = window.kernelSize * inChannels * outChannels } = compute;
  return {
    type,
    inChannels,
    outChannels,
    pace: windowPace(window),
    macs: nonNegative('macs', macs),
    memory: (gradients) => lineMemory(inChannels, keptFrames(window), gradients),
    parameters: compute.parameters ?? [],
    stream: (values, context) => new CustomLayer(type, compute, window, [inChannels, outChannels], values, context),
  };
}

/** Checks the result of a definition's `build`. */
function checkCompute(type: string, compute: WindowFunction): WindowFunction {
  const { parameters = [] } = fields(`build of ${type}`, compute, 'a function that returns a WindowFunction');
  for (const name of ['forward', 'backward'] as const) {
    const given: unknown = Reflect.get(compute, name);
    if (typeof given !== 'function' && (name === 'forward' || given !== undefined))
      throw invalid(`${name} of ${type}`, 'a function', given, TypeError);
  }
  if (!Array.isArray(parameters)) throw invalid(`parameters of ${type}`, 'an array', parameters, TypeError);
  const names = new Set<string>();
  for (const { name, shape, start } of parameters as NonNullable<WindowFunction['parameters']>) {
    if (typeof (name as unknown) !== 'string' || !/^\w+$/.test(name) || names.has(name))
      throw invalid(`name of a parameter of ${type}`, 'a word that no other parameter has', name);
    names.add(name);
    if (!Array.isArray(shape) || shape.length === 0)
      throw invalid(`shape of ${name}`, 'an array of sizes', shape, TypeError);
    for (const size of shape) integer(`size in the shape of ${name}`, size, 1);
    const random =
      typeof start === 'object' && (start as object | null) !== null && start.fanIn > 0 && start.fanOut > 0;
    if (!random && !Number.isFinite(start))
      throw invalid(`start of ${name}`, 'a finite number or { fanIn, fanOut, rectified }', start, TypeError);
  }
  return compute;
}

/** Runs a `WindowFunction` on copies, so that no view of the engine's memory leaves it. */
class CustomLayer extends WindowLayer {
  override readonly trained: readonly ParameterGradients[];
  readonly #compute: WindowFunction;
  readonly #values: readonly MemoryRange[];
  readonly #weights: readonly Float32Array[];
  readonly #changes: StreamContext['weights'];
  /** The version of the weights that `#weights` holds. */
  #version = -1;
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  readonly #gradX: Float32Array;
  readonly #gradY: Float32Array;
  readonly #gradients: readonly Float32Array[];

  constructor(
    type: string,
    compute: WindowFunction,
    window: Windowing,
    channels: readonly [inputs: number, outputs: number],
    values: readonly MemoryRange[],
    context: StreamContext,
  ) {
    super(window, channels, context);
    if (context.gradients && !compute.backward)
      throw invalid(`backward of ${type}`, 'a function, because the stream keeps gradients', undefined, TypeError);
    const sizes = (compute.parameters ?? []).map(({ shape }) => shape.reduce((product, size) => product * size, 1));
    this.#compute = compute;
    this.#values = values;
    this.#changes = context.weights;
    this.#weights = sizes.map((size) => new Float32Array(size));
    this.#gradients = sizes.map((size) => new Float32Array(size));
    this.#x = new Float32Array(window.kernelSize * channels[0]);
    this.#gradX = new Float32Array(this.#x.length);
    this.#y = new Float32Array(channels[1]);
    this.#gradY = new Float32Array(channels[1]);
    this.trained =
      context.gradients && sizes.length > 0 ? [new ParameterGradients(context.engine, context.allocation, values)] : [];
  }

  protected override forward(x: number, count: number, y: number): void {
    const step = this.windowing.stride * this.line.channels;
    this.#loadWeights();
    for (let n = 0; n < count; n++) {
      if (this.#loadWindow(x + n * step)) this.#compute.forward(this.#x, this.#y, this.#weights);
      else this.#y.fill(NaN);
      this.engine.arena.f32.set(this.#y, y + n * this.#y.length);
    }
  }

  protected override accumulate(first: number, count: number, g: number, dx: number): void {
    const step = this.windowing.stride * this.line.channels;
    const x = this.windowAt(first);
    const outputs = this.#y.length;
    this.#loadWeights();
    for (let n = 0; n < count; n++) {
      if (!this.#loadGradient(g + n * outputs)) continue;
      this.#loadWindow(x + n * step);
      this.#gradX.fill(0);
      for (const gradient of this.#gradients) gradient.fill(0);
      this.#compute.backward!(this.#x, this.#gradY, this.#gradX, this.#weights, this.#gradients);
      if (this.#gradX.every(Number.isFinite) && this.#gradients.every((gradient) => gradient.every(Number.isFinite)))
        this.#add(dx + n * step);
    }
  }

  /** Adds the gradients of one output to those of its window's frames, which begin at `dx`, and to those of the weights. */
  #add(dx: number): void {
    const { dilation } = this.windowing;
    const { channels } = this.line;
    const { f32 } = this.engine.arena;
    for (let i = 0; i < this.#gradX.length; i++) {
      const frame = Math.floor(i / channels) * dilation;
      f32[dx + frame * channels + (i % channels)] += this.#gradX[i];
    }
    if (this.trained.length === 0) return;
    const [sums] = this.trained;
    for (const [i, gradient] of this.#gradients.entries()) {
      const at = sums.gradient(i); // can grow the memory
      const { f32 } = this.engine.arena;
      for (let j = 0; j < gradient.length; j++) f32[at + j] += gradient[j];
    }
    for (const sample of this.#x) sums.energy += sample * sample;
    if (this.#gradients.length > 1) sums.energy += 1;
    sums.markDirty();
  }

  /** Copies ∂L/∂y of one output; false if it is all zeros. */
  #loadGradient(g: number): boolean {
    const { f32 } = this.engine.arena;
    let some = false;
    for (let o = 0; o < this.#gradY.length; o++) {
      this.#gradY[o] = f32[g + o];
      if (f32[g + o] !== 0) some = true;
    }
    return some;
  }

  /** Copies the window at `x`; false if a number of it is not finite. */
  #loadWindow(x: number): boolean {
    const { dilation } = this.windowing;
    const { channels } = this.line;
    const { f32 } = this.engine.arena;
    let finite = true;
    for (let i = 0; i < this.#x.length; i++) {
      const sample = f32[x + Math.floor(i / channels) * dilation * channels + (i % channels)];
      this.#x[i] = sample;
      if (!Number.isFinite(sample)) finite = false;
    }
    return finite;
  }

  #loadWeights(): void {
    if (this.#version === this.#changes.version) return;
    this.#version = this.#changes.version;
    const { f32 } = this.engine.arena;
    for (const [i, weights] of this.#weights.entries()) {
      const { at } = this.#values[i];
      weights.set(f32.subarray(at, at + weights.length));
    }
  }
}
