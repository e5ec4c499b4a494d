import type { Windowing } from '../windowing.ts';

/** The dimensions of a convolution. */
export interface Conv1dShape extends Windowing {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}
