import type { Subscription } from 'rxjs';
import type { Subscribe } from '../protocol/watch-request.ts';
import type { Feed } from './feed.ts';
import type { FeedOutput } from './feed-output.ts';
import type { SubscriptionQueue } from './subscription-queue.ts';
import type { Viewer } from './viewer.ts';

/** Puts what a viewer wants of a feed into its queue. */
export function forward(feed: Feed, request: Subscribe, queue: SubscriptionQueue, viewer: Viewer): Subscription {
  const { id } = request;
  const wanted = new Set<string>(request.what);
  const begun = new Set<number>();

  const queueUp = (output: FeedOutput): boolean => {
    const { run } = feed;
    switch (output.type) {
      case 'raw':
        if (!wanted.has('raw')) return false;
        queue.push(output.block, { kind: 'samples', map: 0, run });
        return true;
      case 'features':
        if (!wanted.has('features')) return false;
        queue.push(output.block, { kind: 'features', map: output.map, run });
        return true;
      case 'prediction':
        if (!wanted.has('prediction')) return false;
        queue.push(output.block, { kind: 'prediction', map: output.learner, run });
        return true;
      case 'kernels': {
        if (!wanted.has('kernels')) return false;
        const { start, ...kernels } = output;
        const first = !begun.has(output.learner);
        begun.add(output.learner);
        queue.replace(`kernels ${output.learner}`, (before) => {
          const told = !first && !(before && 'start' in before);
          return { id, ...kernels, ...(told ? {} : { start }) };
        });
        return true;
      }
      case 'loss':
        if (!wanted.has('loss')) return false;
        queue.replace(`loss ${output.learner}`, () => ({ id, ...output }));
        return true;
      case 'mark':
        if (!wanted.has('marks')) return false;
        queue.note({ id, ...output });
        return true;
      case 'gap':
        queue.note({ id, ...output });
        return true;
      case 'run':
        begun.clear();
        queue.note({ id, ...output });
        return true;
      case 'broken':
        queue.replace(`broken ${output.where}`, () => ({
          type: 'error',
          code: 'broken-pipeline',
          message: `${feed.name}: ${output.where}: ${output.message}`,
        }));
        return true;
      case 'info':
        return false;
    }
  };
  feed.broken.forEach(queueUp);
  if (request.recent) feed.backlog.recent.forEach(queueUp);
  feed.backlog.marks.forEach(queueUp);
  return feed.output.subscribe((output) => {
    if (queueUp(output)) viewer.pump();
  });
}
