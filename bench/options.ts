import { parseArgs } from 'node:util';

export interface Options {
  /** File for the figures. */
  readonly json: string | undefined;
  /** Whether a part was asked for. */
  readonly wanted: (part: string) => boolean;
  readonly rounds: number;
  readonly peers: boolean;
  /** Checkout of RTNeural. */
  readonly native: string | undefined;
}

const parts = ['W1', 'W2', 'W3', 'W4', 'growth', 'streams'];

export const usage = `npm run bench:engine -- [options]
  --json FILE       write [{ workload, engine, us, ratio }]
  --only PARTS      some of ${parts.join(',')}
  --rounds N        rounds of every race, default 15
  --peers no        Tapline alone
  --native FOLDER   build RTNeural's C++ from a checkout of it, and race that too`;

/** Throws a sentence when an option is unknown or does not fit. */
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
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds must be an integer >= 1, got ${values.rounds}`);
  if (!['yes', 'no'].includes(values.peers)) throw new TypeError(`--peers must be yes or no, got '${values.peers}'`);
  const { json, native } = values;
  return { json, native, rounds, wanted: (part) => only.includes(part), peers: values.peers === 'yes' };
}
