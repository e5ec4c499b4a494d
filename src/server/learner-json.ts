import { fields, integer, invalid, oneOf, onlyFields, positive } from '../core/check.ts';
import { Learner } from '../core/learning/learner.ts';
import { learnerFields, learnerOptionsIn } from '../core/learning/learner-options.ts';
import { optimizerOf, type OptimizerSpec } from '../core/learning/optimizers/optimizer-spec.ts';
import { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import type { LearnerSpec } from './feed-spec.ts';

const tasks = ['forecast', 'target', 'reconstruct', 'cancel'] as const;
/** Fields of a learner, except those of deprecated names. */
const names: readonly string[] = [
  ...['name', 'taps', 'network', 'on', 'channels', 'target', 'learningRate', 'optimizer', 'gain', 'skipAlarmed'],
  ...learnerFields.filter((field) => field !== 'mains'),
];
const nameRule = '1 to 64 characters of A-Z a-z 0-9 . _ -, not starting with a dot';
const namePattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;
/** Maximum number of channels of a learner. */
const maxChannels = 1024;
/** Taps of the default convolution. */
const defaultTaps = 16;

/**
 * Returns the learner that JSON describes, with the defaults `task: 'forecast'`, `taps: 16`, and, for the task 'target', `on: 'raw'`. `optimizer` can be the name of an
 * optimizer instead of its spec. All that does not depend on the stream is checked.
 * @param options `network`: the network instead of that of the JSON; `check`: throws if a network is not acceptable, before it
 *   is created
 * @throws TypeError or RangeError that names the field and the rule
 */
export function learnerOf(
  json: unknown,
  { network, check }: { network?: Network; check?: (network: NetworkSpec) => void } = {},
): LearnerSpec {
  const given = fields('learner', json as Record<string, unknown>, 'an object such as { "name": "next", "taps": 16 }');
  onlyFields('a learner', given, names);
  const { name, task = 'forecast', on, target, learningRate, optimizer, skipAlarmed, taps, gain } = given;
  if (typeof name !== 'string' || !namePattern.test(name)) throw invalid('name', nameRule, name, TypeError);
  oneOf('task', task, tasks);
  if (on !== undefined) oneOf('on', on, ['raw', 'standardized']);
  if (task === 'target' && (typeof target !== 'string' || !namePattern.test(target)))
    throw invalid('target', "the name of a stream for task 'target'", target, TypeError);
  if (task !== 'target' && target !== undefined) throw invalid('task', "'target' if target is given", task);
  if (task !== 'forecast' && given.horizon !== undefined) throw invalid('task', "'forecast' if horizon is given", task);
  if (task !== 'cancel' && given.reference !== undefined) throw invalid('task', "'cancel' if reference is given", task);
  checkChannels('channels', given.channels);
  checkChannels('reference', given.reference);
  if (task === 'cancel' && given.reference === undefined)
    throw invalid('reference', "a list of channels for task 'cancel'", undefined, TypeError);
  if (taps !== undefined && (network ?? given.network) !== undefined)
    throw new TypeError('taps and network must not both be given');
  if (taps !== undefined && integer('taps', taps, 1) > 65_536)
    throw invalid('taps', 'an integer from 1 to 65536', taps);
  if (gain !== undefined) positive('gain', gain);
  if (learningRate !== undefined) positive('learningRate', learningRate);
  if (learningRate !== undefined && optimizer !== undefined)
    throw new TypeError('learningRate and optimizer must not both be given; give the learning rate in the optimizer');
  if (skipAlarmed !== undefined && typeof skipAlarmed !== 'boolean')
    throw invalid('skipAlarmed', 'true or false', skipAlarmed, TypeError);
  const chosen = optimizer === undefined ? undefined : optimizerIn(optimizer);
  const own = network ?? given.network;
  const spec = {
    ...given,
    task,
    // targets are not standardized
    ...(task === 'target' && on === undefined && { on: 'raw' }),
    ...(own === undefined ? { taps: taps ?? defaultTaps } : { network: own }),
    ...(chosen && { optimizer: chosen }),
  } as LearnerSpec;
  checkLearner(spec, check);
  return spec;
}

function optimizerIn(optimizer: unknown): OptimizerSpec {
  const spec = (typeof optimizer === 'string' ? { type: optimizer } : optimizer) as OptimizerSpec;
  optimizerOf(fields('optimizer', spec, 'the name of an optimizer or an object with its type'));
  return spec;
}

function checkChannels(name: string, channels: unknown): void {
  if (channels === undefined) return;
  const valid = (channel: unknown) =>
    (typeof channel === 'string' && channel !== '') || (Number.isSafeInteger(channel) && (channel as number) >= 0);
  if (Array.isArray(channels) && channels.length > 0 && channels.length <= maxChannels && channels.every(valid)) return;
  throw invalid(name, `a list of 1 to ${maxChannels} channel labels or indexes from 0`, channels, TypeError);
}

/** Creates the learner for the smallest possible stream, so that its network and its options are checked. */
function checkLearner(spec: LearnerSpec, check?: (network: NetworkSpec) => void): void {
  const { task, channels, reference, optimizer, network: given, taps = defaultTaps } = spec;
  const read = task === 'cancel' ? reference!.length : channels?.length;
  const own = given instanceof Network ? given.spec : (given ?? convolution(read ?? 1, taps));
  check?.(fields('network', own, 'an object with inChannels and layers'));
  const network = given instanceof Network ? given.clone() : Network.create(own);
  if (read !== undefined && network.inChannels !== read)
    throw invalid('network.inChannels', `${read}, the number of channels that the learner reads`, network.inChannels);
  const learner = new Learner(network, {
    ...learnerOptionsIn(spec),
    ...(task === 'cancel' && { reference: Array.from({ length: network.inChannels }, (_, c) => c) }),
    ...(optimizer && { optimizer: optimizerOf(optimizer as OptimizerSpec) }),
  });
  learner.close();
}

function convolution(channels: number, taps: number): NetworkSpec {
  return { inChannels: channels, layers: [{ type: 'conv1d', outChannels: channels, kernelSize: taps }] };
}
