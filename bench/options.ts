import { parseArgs } from 'node:util';
import { roundsOf } from './command.ts';

/** Options of the engine benchmark. */
export interface Options {
  /** Output file for the figures. */
  readonly json: string | undefined;
  /** Returns whether a part was selected. */
  readonly wanted: (part: string) => boolean;
  readonly rounds: number;
  readonly peers: boolean;
  /** Path of a checkout of RTNeural. */
  readonly native: string | undefined;
}

const parts = ['W1', 'W2', 'W3', 'W4', 'shapes', 'optimizers', 'growth', 'streams'];

export const usage = `npm run bench:engine -- [options]
  --json <file>      Write the figures as [{ workload, engine, us, ratio }]
  --only <parts>     Comma-separated parts to run: ${parts.join(',')} (default: all)
  --rounds <n>       Rounds per race (default: 15)
  --peers <yes|no>   Also run the peers (default: yes)
  --native <folder>  Also build and run RTNeural (C++) from this checkout`;

/** Reads the command-line options. Throws if an option is unknown or invalid. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'string' },
      only: { type: 'string', default: parts.join(',') },
      rounds: { type: 'string', default: '15' },
      peers: { type: 'string', default: 'yes' },
      native: { type: 'string' },
    },
  });
  const only = values.only.split(',');
  const unknown = only.find((part) => !parts.includes(part));
  if (unknown !== undefined) throw new TypeError(`--only must be some of ${parts.join(', ')}, got '${unknown}'`);
  const rounds = roundsOf(values.rounds);
  if (!['yes', 'no'].includes(values.peers)) throw new TypeError(`--peers must be yes or no, got '${values.peers}'`);
  const { json, native } = values;
  return { json, native, rounds, wanted: (part) => only.includes(part), peers: values.peers === 'yes' };
}
