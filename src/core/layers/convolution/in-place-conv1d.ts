import { kinds, words } from '../../../kernels/program-layout.ts';
import type { MemoryRange } from '../parameter-gradients.ts';
import { maxStepFrames, type SteppedLayer } from '../step-program.ts';
import { GatheredConv1d } from './gathered-conv1d.ts';
import type { Conv1dShape } from './packed-kernels.ts';

/**
 * Convolution of a stream with dilation or groups whose taps are multiples of 4 channels. Each tap is a whole number of
 * vectors, so the forward pass reads the windows in place.
 */
export class InPlaceConv1d extends GatheredConv1d implements SteppedLayer {
  /** Returns whether a convolution has such taps. */
  static fits({ inChannels, groups }: Conv1dShape): boolean {
    return (inChannels / groups) % 4 === 0;
  }

  get canStep(): boolean {
    return !this.gradientLine || this.canStepWithGradients;
  }

  /** Memory for the windows of one group and the gradient of one. */
  readonly tempNumbers: number = (maxStepFrames + 1) * this.shape.kernelSize * this.width + 4;

  protected override forward(x: number, count: number, y: number): void {
    const { groups, outChannels, kernelSize } = this.shape;
    const [weight, bias] = this.values as readonly (MemoryRange | undefined)[];
    const { kernels } = this.engine;
    const [w, b] = [weight!.at, bias ? bias.at : 0];
    kernels.convolveTaps(x, this.step, count, kernelSize, this.tapStep, this.width, groups, w, b, outChannels, y);
  }

  writeProgram(layer: Int32Array): boolean {
    if (!this.writeWindows(layer)) return false;
    layer[words.kind] = kinds.taps;
    layer[words.w] = this.values[0].at;
    layer[words.b] = this.values.length > 1 ? this.values[1].at : 0;
    layer[words.length] = this.shape.kernelSize;
    layer[words.tapStep] = this.tapStep;
    layer[words.groups] = this.shape.groups;
    layer[words.blind] = 0;
    if (this.gradientLine) this.trained[0].attachSums(layer);
    return true;
  }

  readProgram(layer: Int32Array, frames: number, outputs: number): void {
    this.readWindows(layer, frames, outputs);
    if (this.gradientLine) this.trained[0].detachSums();
  }
}
