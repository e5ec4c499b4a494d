import type { Block } from '../core/block.ts';
import type { Recording } from '../sources/index.ts';
import { UsageError } from './usage-error.ts';

/** What a command says of channels. */
export interface Asked {
  readonly task: 'forecast' | 'target' | 'reconstruct' | 'cancel';
  readonly columns?: readonly (string | number)[];
  readonly target?: readonly (string | number)[];
  readonly reference?: readonly (string | number)[];
}

/** The columns of a recording to read; undefined: all. */
export function columnsOf({ columns, target = [], reference = [] }: Asked): (string | number)[] | undefined {
  return columns && [...new Set([...columns, ...target, ...reference])];
}

/** Which channels of a recording are pushed, seen by the network, predicted by it, and taught. */
export interface Places {
  readonly input: readonly number[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly target: readonly number[];
  /** Within what is pushed. */
  readonly reference: readonly number[];
}

/** Where the channels of a recording that was read so go. */
export function placesOf({ channels }: Recording, asked: Asked): Places {
  const { task, target = [], reference = [] } = asked;
  if ((task === 'target') !== target.length > 0)
    throw new UsageError("--target must be given for the task 'target', and for no other");
  if ((task === 'cancel') !== reference.length > 0)
    throw new UsageError("--reference must be given for the task 'cancel', and for no other");
  const wanted = columnsOf(asked);
  const place = (column: string | number): number => {
    const named = channels.findIndex(({ label }) => label === String(column));
    const at = named >= 0 ? named : wanted ? wanted.indexOf(column) : Number(column) - 1;
    if (at >= 0 && at < channels.length) return at;
    throw new UsageError(`${column} must be one of the channels ${channels.map(({ label }) => label).join(', ')}`);
  };
  const taught = target.map(place);
  const known = reference.map(place);
  const input = [...channels.keys()].filter((c) => !taught.includes(c));
  const others = input.filter((c) => !known.includes(c));
  const outputs = { forecast: input, reconstruct: input, target: taught, cancel: others }[task];
  return {
    input,
    inputs: task === 'cancel' ? known : input,
    outputs,
    target: taught,
    reference: known.map((c) => input.indexOf(c)),
  };
}

/** The channels of `block` at `places`, in that order. */
export function pickedFrom(block: Block, places: readonly number[]): Block {
  const { channels, data } = block;
  const picked = new Float32Array((data.length / channels) * places.length);
  for (let from = 0, at = 0; from < data.length; from += channels)
    for (const place of places) picked[at++] = data[from + place];
  return { ...block, data: picked, channels: places.length };
}
