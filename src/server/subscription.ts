import type { AlarmsMessage } from '../protocol/alarm.ts';
import type { Subscribe } from '../protocol/watch-request.ts';
import type { AlarmService } from './alarm-service.ts';
import type { FeedOutput } from './feed-output.ts';
import type { Feed } from './feed.ts';
import type { SubscriptionQueue } from './subscription-queue.ts';
import type { ViewerQueue } from './viewer-queue.ts';
import { auditTime, type Subscription } from 'rxjs';

/** Queues the outputs of a feed that a viewer subscribed to. */
export function forwardFeed(
  feed: Feed,
  request: Subscribe,
  queue: SubscriptionQueue,
  viewer: ViewerQueue,
): Subscription {
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
        const { start, ...rest } = output;
        const kernels = { ...rest, data: Array.from(output.data) };
        const first = !begun.has(output.learner);
        begun.add(output.learner);
        queue.replace(`kernels ${output.learner}`, (before) => {
          const started = !first && !(before && 'start' in before);
          return { id, ...kernels, ...(started ? {} : { start }) };
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
      case 'detected':
      case 'learningRate':
      case 'fresh':
      case 'late':
      case 'message':
      case 'targets':
      case 'stages':
      case 'info':
        return false;
    }
  };
  feed.pipeline.broken.forEach(queueUp);
  if (request.recent) feed.backlog.recent.forEach(queueUp);
  feed.backlog.marks.forEach(queueUp);
  return feed.output.subscribe((output) => {
    if (queueUp(output)) viewer.flushSoon();
  });
}

/** Maximum number of cleared alarms sent to a new viewer, and of their streams in total. */
const maxCleared = 50;
const maxClearedMembers = 2000;

/** Number of alarm events in the queue of a viewer that are replaced by a list of all alarms. */
const maxEvents = 256;

/** Sends a viewer all alarms and then their events; of each alarm only the newest event is queued. */
export function forwardAlarms(alarmService: AlarmService, viewer: ViewerQueue): Subscription {
  const list = () => {
    viewer.replace(allAlarms(alarmService));
  };
  list();
  const subscription = alarmService.events.subscribe(({ step, time, alarm }) => {
    if (viewer.replaceable >= maxEvents) viewer.replaceAll('alarm ', 'alarms', () => allAlarms(alarmService));
    else viewer.replace({ type: 'alarm', step, time, alarm }, `alarm ${alarm.id}`);
  });
  subscription.add(alarmService.maintenanceChanged.pipe(auditTime(20)).subscribe(list));
  return subscription;
}

function allAlarms({ alarms, maintenance }: AlarmService): AlarmsMessage {
  let members = 0;
  const omitted = alarms
    .filter(({ state }) => state === 'cleared')
    .filter((alarm, n) => (members += alarm.members.length) > maxClearedMembers || n >= maxCleared);
  return { type: 'alarms', alarms: alarms.filter((alarm) => !omitted.includes(alarm)), maintenance: [...maintenance] };
}
