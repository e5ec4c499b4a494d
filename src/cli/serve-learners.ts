import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { LearnerSpec } from '../server/feed-spec.ts';
import { learnerOf } from '../server/learner-json.ts';
import { asUsage, UsageError, usageOf } from './failure.ts';
import { readNetwork } from './network-file.ts';
import { parseJson } from './parse-json.ts';

/** The name of a stream, as in a path. */
const streamName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/**
 * Reads the learners of `--learn <stream>=<file>`. A file contains a learner or a list of learners. `network` is a network spec,
 * or the path of a network file, relative to the directory of the file. Throws a UsageError that names the file and the field.
 *
 * @param given one `<stream>=<file>` per file
 * @returns the learners by stream
 */
export async function readLearners(given: readonly string[]): Promise<Record<string, LearnerSpec[]>> {
  const learners = new Map<string, LearnerSpec[]>();
  for (const text of given) {
    const at = text.indexOf('=');
    const [stream, path] = [text.slice(0, at), text.slice(at + 1)];
    if (at < 0 || path === '' || !streamName.test(stream))
      throw new UsageError(`--learn must be <stream>=<file>, such as headset=learner.json, got '${text}'`);
    const before = learners.get(stream) ?? [];
    const read = await readFileOf(path);
    const twice = [...before, ...read].map(({ name }) => name).find((name, i, names) => names.indexOf(name) !== i);
    if (twice !== undefined)
      throw new UsageError(`${path}: name must be unique among the learners of stream ${stream}, got '${twice}'`);
    learners.set(stream, [...before, ...read]);
  }
  return Object.fromEntries(learners);
}

async function readFileOf(path: string): Promise<LearnerSpec[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new UsageError(`${path}: file not found`) : usageOf(error, path);
  });
  const json = asUsage(() => parseJson(text), path);
  const list = Array.isArray(json) ? (json as unknown[]) : [json];
  if (list.length === 0) throw new UsageError(`${path}: the list of learners must not be empty`);
  const learners: LearnerSpec[] = [];
  for (const [i, each] of list.entries())
    learners.push(await learnerIn(each, path, Array.isArray(json) ? i : undefined));
  return learners;
}

/** @param index place of the learner in the list of the file, from 0; undefined if the file contains one learner */
async function learnerIn(json: unknown, path: string, index: number | undefined): Promise<LearnerSpec> {
  const place = index === undefined ? path : `${path}: learner ${index + 1}`;
  const { network } = (json ?? {}) as { network?: unknown };
  if (typeof network !== 'string') return asUsage(() => learnerOf(json), place);
  const file = resolve(dirname(path), network);
  const read = await readNetwork(file).catch((error: unknown) => {
    throw new UsageError(`${place}: network: ${usageOf(error).message}`, { cause: error });
  });
  const rest = Object.fromEntries(Object.entries(json as object).filter(([field]) => field !== 'network'));
  // a spec without weights starts like one that is part of the learner
  const hasWeights = !network.endsWith('.json');
  return asUsage(
    () => (hasWeights ? learnerOf(rest, { network: read }) : learnerOf({ ...rest, network: read.spec })),
    place,
  );
}
