import type { Block } from '../blocks/block.ts';
import { ChannelSelection } from '../blocks/channel-selection.ts';
import { invalid } from '../check.ts';
import type { MakeTransform } from '../layers/convolution/transform.ts';
import { Convolver } from '../network/convolver.ts';
import type { Network } from '../network/network.ts';
import type { State } from '../state/state.ts';
import type { MapStageSpec } from './pipeline-spec.ts';

/** Runs a network whose outputs are feature maps. New weights of the network apply from the next block on. */
export class MapStage {
  readonly network: Network;
  readonly #spec: MapStageSpec;
  readonly #convolver: Convolver;
  #selection: ChannelSelection | undefined;

  constructor(spec: MapStageSpec, network: Network, fft?: MakeTransform) {
    this.network = network;
    this.#spec = spec;
    this.#convolver = Convolver.of(network, { fft })();
  }

  opener(channels: number): () => void {
    const selection = new ChannelSelection(this.#spec.channels, channels);
    checkInputs(this.#spec.name, this.network.inChannels, selection);
    return () => {
      this.#selection = selection;
    };
  }

  push(block: Block): Block | null {
    return this.#convolver.push(this.#selection!.of(block));
  }

  /** Returns the last outputs of modes 'same' and 'full' after the stream has ended; null if there are none. */
  flush(): Block | null {
    return this.#convolver.flush();
  }

  close(): void {
    this.#convolver.close();
  }

  save(): State {
    return this.#convolver.save();
  }

  restore(state: State): void {
    this.#convolver.restore(state);
  }
}

/** Throws unless the number of selected channels is `channels`. `name` is that of the stage, for the error. */
export function checkInputs(name: string, channels: number, { count }: ChannelSelection): void {
  if (count !== channels) throw invalid(`channels of ${name}`, `${channels}, to match its network`, count);
}
