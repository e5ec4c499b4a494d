import { plan } from '../core/network/plan.ts';
import { invalid } from '../core/check.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { type AddedLearners, maxAdded } from './added-learners.ts';
import type { Feed } from './feed.ts';
import { planLearner } from './feed-plan.ts';
import type { FeedInfo, LearnerSpec } from './feed-spec.ts';
import { learnerOf } from './learner-json.ts';

/** The largest learner that a viewer can add: memory of its network, kernels and horizon in frames, and weights per output for RLS. */
const [maxBytes, maxFrames, maxLeastSquares] = [16 * 2 ** 20, 65_536, 2048];

/**
 * Records a learner that a viewer adds to a stream, and returns it.
 * @param target returns a stream by its name, if it is connected
 * @throws ProtocolError ('bad-learner') that names the setting and the rule
 */
export function addLearner(
  learners: AddedLearners,
  feed: Feed,
  json: Readonly<Record<string, unknown>>,
  target: (name: string) => FeedInfo | undefined,
): LearnerSpec {
  return asBadLearner(() => {
    const learner = learnerOf(json, { check: (network) => checkSize(network, {}) });
    const { name } = learner;
    const isTaken = feed.pipeline.stages.hasLearner(name) || learners.of(feed.name).some((each) => each.name === name);
    if (isTaken) throw invalid('name', `unique among the learners of stream ${feed.name}`, name);
    if (learners.count(feed.name) >= maxAdded)
      throw new RangeError(`stream ${feed.name} must have at most ${maxAdded} added learners; remove one first`);
    checkFit(learner, feed, target(learner.target ?? ''));
    return learners.add(feed.name, learner);
  });
}

/**
 * Ends a learner that a viewer added.
 * @throws ProtocolError ('bad-learner') if there is none
 */
export function removeLearner(learners: AddedLearners, feed: Feed, name: string): void {
  asBadLearner(() => {
    if (learners.isConfigured(feed.name, name))
      throw new Error(`learner ${name} is an option of the server (--learn); remove the option instead`);
    if (!learners.remove(feed.name, name)) throw invalid('remove', 'the name of a learner that was added', name);
    feed.removeLearner(name);
  });
}

/** Throws if a learner does not match its stream or its target stream, or is too large. */
function checkFit(learner: LearnerSpec, { info }: Feed, target: FeedInfo | undefined): void {
  const { horizon = 1, maxDelay = 0, maxPending = 0, task, taps = 1, channels, reference } = learner;
  for (const [name, frames] of Object.entries({ horizon, maxDelay, maxPending }))
    if (frames > maxFrames) throw invalid(name, `at most ${maxFrames}`, frames);
  const read = reference?.length ?? channels?.length ?? info.channels.length;
  const given = learner.network as NetworkSpec | undefined;
  const outputs = task === 'target' ? (target?.channels.length ?? 1) : read;
  checkSize(
    given ?? { inChannels: read, layers: [{ type: 'conv1d', outChannels: outputs, kernelSize: taps }] },
    learner,
  );
  if (task !== 'target') planLearner(learner, 0, info, undefined, undefined);
  else if (learner.target === info.name) throw invalid('target', 'another stream', learner.target);
  else if (target) {
    if (target.rate !== info.rate)
      throw invalid(`rate of stream ${target.name}`, `${info.rate} Hz, the rate of stream ${info.name}`, target.rate);
    planLearner(learner, 0, info, target, undefined);
  }
}

/** Throws if a network is too large. Nothing is allocated for it. */
function checkSize(network: NetworkSpec, { optimizer }: Pick<LearnerSpec, 'optimizer'>): void {
  const { bytes, receptiveField, layers } = plan(network);
  if (bytes > maxBytes) throw invalid('size of the network', `at most ${maxBytes} bytes`, bytes);
  if (receptiveField > maxFrames) throw invalid('receptive field', `at most ${maxFrames} frames`, receptiveField);
  const { macs = 0, outChannels = 1 } = layers.at(-1) ?? {};
  if (optimizer && 'type' in optimizer && optimizer.type === 'rls' && macs / outChannels > maxLeastSquares)
    throw invalid('weights per output', `at most ${maxLeastSquares} for optimizer rls`, macs / outChannels);
}

function asBadLearner<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ProtocolError('bad-learner', error instanceof Error ? error.message : String(error));
  }
}
