import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void;

/** Collects garbage (young objects only, or all) and lets finalizers run. */
export async function collectGarbage(type: 'minor' | 'major'): Promise<void> {
  collect({ type });
  await setImmediate();
}
