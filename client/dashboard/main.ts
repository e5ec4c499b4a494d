import { render } from 'lit-html';
import { distinctUntilChanged, fromEvent, interval, map } from 'rxjs';
import { watch, type Watched } from '../watch.ts';
import {
  learnerKey,
  orderStreams,
  samplingRate,
  streamLiveness,
  updateAlarm,
  visibleStreams,
  windowLength,
} from './dashboard-state.ts';
import { DashboardStore } from './dashboard-store.ts';
import { dashboardView } from './dashboard-view.ts';
import type { Outage } from './outage.ts';
import { pauseKeys } from './pause-key.ts';
import { requestedLearner, updatedForm } from './learner-form.ts';
import { sourceStatus } from './liveness.ts';
import { StreamFeed } from './stream-feed.ts';
import { longestWindow } from './time-windows.ts';

/** How long after a reconnect streams are added to the report of what was missed, in ms. */
const reportTime = 30_000;

const store = new DashboardStore();
const feeds = new Map<string, StreamFeed>();
const root = document.getElementById('dashboard');

function feedOf(stream: string): StreamFeed {
  const feed = feeds.get(stream) ?? new StreamFeed();
  if (!feeds.has(stream)) {
    if (store.state.paused) feed.view.pause();
    feeds.set(stream, feed);
    updateFeedAlarms(stream, feed);
  }
  return feed;
}

/** Passes a feed the alarms of its stream, each reduced to the members of that stream. */
function updateFeedAlarms(name: string, feed: StreamFeed): void {
  const alarms = [...store.state.alarms.values()];
  feed.setAlarms(alarms.map((alarm) => ({ ...alarm, members: alarm.members.filter(({ stream }) => stream === name) })));
}

/** Observed rates of streams without a fixed sampling rate. A rate is kept until it changes by a factor of two. */
function observeRates(): Map<string, number> {
  const { state } = store;
  return new Map(
    state.streams
      .filter(({ rate }) => rate === 0)
      .map(({ name }) => {
        const [before, now] = [state.observedRates.get(name) ?? 0, feeds.get(name)?.observedRate ?? 0];
        return [name, before > 0 && now > before / 2 && now < before * 2 ? before : now];
      }),
  );
}

/** How far the server's clock is ahead of the clock of this page, in ms. */
let clockOffset = 0;

/** The server's clock, in ms since 1970. */
function serverTime(): number {
  return Date.now() + clockOffset;
}

/** When the connection was lost, on the server's clock; 0 before the first time. */
let lostAt = 0;
/** The alarms that were known when the connection was lost, until the server has listed them again. */
let alarmsBefore: ReadonlySet<number> | undefined;

function endOfOutage(): Outage {
  return { from: lostAt, to: serverTime(), missed: new Map(), alarms: 0 };
}

/** Whether a stream that delivers its first block now was visible before the outage. */
function isAwaited({ to }: Outage): boolean {
  return serverTime() - to < reportTime;
}

/** Closes every open menu except the one that contains `target`. */
function closeMenus(target: EventTarget | null): void {
  for (const menu of document.querySelectorAll('details[open]'))
    if (!(target instanceof Node && menu.contains(target))) menu.removeAttribute('open');
}

function handle(message: Watched): void {
  const { change, state } = store;
  const now = Date.now();
  if (message.type === 'connection') {
    if (message.open) change({ connection: { is: 'open' }, ...(lostAt > 0 && { outage: endOfOutage() }) });
    else {
      if (state.connection.is === 'open') [lostAt, alarmsBefore] = [serverTime(), new Set(state.alarms.keys())];
      change({ connection: { is: 'waiting', reason: message.reason, until: now + message.wait } });
    }
  } else if (message.type === 'streams') {
    const names = new Set(message.streams.map(({ name }) => name));
    const scores = new Map([...state.scores].filter(([key]) => names.has(key.split('/')[0])));
    const learnerForm = updatedForm(state.learnerForm, message.streams);
    change({ streams: orderStreams(message.streams), scores, learnerForm });
    const added = learnerForm ? undefined : requestedLearner(state.learnerForm, message.streams);
    if (added && state.learnerForm) store.setStream(state.learnerForm.stream, { learner: added.index });
    for (const name of feeds.keys()) if (!names.has(name)) feeds.delete(name);
  } else if (message.type === 'alarms') {
    change({ alarms: new Map(message.alarms.map((alarm) => [alarm.id, alarm])), maintenance: message.maintenance });
    const raised = message.alarms.filter(({ id }) => alarmsBefore && !alarmsBefore.has(id)).length;
    if (state.outage && alarmsBefore) change({ outage: { ...state.outage, alarms: raised } });
    alarmsBefore = undefined;
  } else if (message.type === 'alarm') {
    change({ alarms: updateAlarm(state.alarms, message.alarm) });
  } else if (message.type === 'health') {
    const at = message.time ?? now;
    clockOffset = at - now;
    const health = new Map(message.streams.map((health) => [health.name, { ...health, at }]));
    const { unopened = [], learners: learnerHealth = [], behind: viewerLag = 0, recording } = message;
    change({ health, viewerLag, unopened, learnerHealth, recording, now: at, observedRates: observeRates() });
  } else if (message.type === 'error') {
    const form = state.learnerForm;
    if (form && message.code === 'bad-learner')
      change({ learnerForm: { ...form, pending: undefined, error: message.message } });
  } else if (message.stream !== undefined) {
    if (message.type === 'loss') {
      change({ scores: new Map(state.scores).set(learnerKey(message.stream, message.learner), message) });
    }
    const feed = feedOf(message.stream);
    feed.push(message, serverTime());
    const { outage } = store.state;
    if (outage && feed.missed !== undefined && !outage.missed.has(message.stream) && isAwaited(outage))
      change({ outage: { ...outage, missed: new Map(outage.missed).set(message.stream, feed.missed) } });
  }
}

store.changes.subscribe((state) => {
  for (const info of state.streams) {
    const feed = feeds.get(info.name);
    const window = windowLength(state, info);
    if (!feed) continue;
    feed.view.setStatus(sourceStatus(streamLiveness(state, info), state.now));
    feed.retention = Math.max(window, longestWindow(samplingRate(state, info)));
    if (feed.view.window !== window) feed.view.setWindow(window);
  }
});
store.changes
  .pipe(
    map(({ paused }) => paused),
    distinctUntilChanged(),
  )
  .subscribe((paused) => {
    for (const { view } of feeds.values())
      if (paused) view.pause();
      else view.resume();
  });
store.changes
  .pipe(
    map(({ alarms }) => alarms),
    distinctUntilChanged(),
  )
  .subscribe(() => {
    for (const [name, feed] of feeds) updateFeedAlarms(name, feed);
  });
interval(250).subscribe(() => {
  const { paused, connection } = store.state;
  const behind = Math.max(0, ...[...feeds.values()].map(({ view }) => view.behind));
  store.change({ now: serverTime(), ...((paused || connection.is === 'waiting') && { behind }) });
});
fromEvent<KeyboardEvent>(document, 'keydown').subscribe((event) => {
  if (event.key === 'Escape') closeMenus(null);
});
pauseKeys(document).subscribe(() => store.togglePause());
fromEvent<Event>(document, 'click').subscribe(({ target }) => closeMenus(target));
if (root) store.frames.subscribe((state) => render(dashboardView(state, store, feedOf), root));

watch('./watch', {
  streams: store.changes.pipe(
    map(visibleStreams),
    distinctUntilChanged((a, b) => a.join() === b.join()),
  ),
  what: ['raw', 'features', 'kernels', 'loss', 'marks'],
  recent: true,
  learning: store.learning,
  alarms: true,
  actions: store.actions,
}).subscribe({
  next: handle,
  error: (error: unknown) =>
    store.change({ connection: { is: 'ended', reason: error instanceof Error ? error.message : String(error) } }),
  complete: () => store.change({ connection: { is: 'ended', reason: 'the server closed the connection' } }),
});
