import type { AlarmMember, AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import { causeLabels, isOfStream } from '../../src/core/alarms/finding.ts';
import { formatDuration } from '../format-time.ts';
import { choice, hint, truncatedList } from './controls-view.ts';
import {
  type DashboardState,
  openAlarms,
  isConnected,
  playbackSpeed,
  selectedStream,
  staleStreams,
  streamTimeSince,
} from './dashboard-state.ts';
import type { DashboardStore } from './dashboard-store.ts';
import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';

const hour = 3_600_000;
/** How long the Shelve button shelves an alarm, in ms. */
const shelveTime = hour;
/** Cleared alarms that are listed. */
const maxCleared = 20;
/** Open alarms that are listed before "Show more" is clicked. */
const maxOpen = 5;
/** Channels (or streams) of an alarm that are listed. */
const maxChips = 4;
/** Choices of the maintenance menu, in hours; 0 switches it off. */
const maintenanceHours = [0, 1, 8, 24];
const alarmsHelp = 'Bars and percentages show how much each channel contributes to the anomaly.';

/** The alarms panel: open alarms in a list, cleared ones in a menu, or a short note if there are none. */
export function alarmsView(state: DashboardState, store: DashboardStore, now: number): TemplateResult {
  const open = openAlarms(state);
  const cleared = [...state.alarms.values()]
    .filter((alarm) => alarm.state === 'cleared')
    .sort((a, b) => b.entered - a.entered);
  const { shown, more } = truncatedList(store, 'alarms', open, maxOpen);
  const urgent = open.filter((alarm) => alarm.state === 'raised' || alarm.state === 'escalated').length;
  return html`<section
    class="alarms ${urgent > 0 ? 'alarms-urgent' : uncertain(state) ? 'alarms-unknown' : ''}"
    aria-label="Alarms"
    data-testid="alarms"
  >
    <header class="alarms-head">
      <h2>Alarms ${hint(alarmsHelp)}</h2>
      <p role="status">${summary(state, open.length, urgent)} ${unmonitored(state)}</p>
      ${maintenanceView(state, store, now)}
      ${
        cleared.length > 0
          ? html`<details class="menu alarms-cleared">
              <summary data-testid="alarms-cleared">Cleared: ${cleared.length}</summary>
              <div class="menu-body">
                <ul>
                  ${repeat(
                    cleared.slice(0, maxCleared),
                    ({ id }) => id,
                    (alarm) => alarmView(alarm, state, store, now),
                  )}
                </ul>
              </div>
            </details>`
          : undefined
      }
    </header>
    ${
      open.length > 0
        ? html`<ul class="alarms-open">
              ${repeat(
                shown,
                ({ id }) => id,
                (alarm) => alarmView(alarm, state, store, now),
              )}
            </ul>
            ${more}`
        : undefined
    }
  </section>`;
}

/** Whether alarms may be missing: the server cannot be reached, or a stream sends no data. */
function uncertain(state: DashboardState): boolean {
  return !isConnected(state) || staleStreams(state).length > 0;
}

/** The number of open alarms. It says that there are none only if the server would report them. */
function summary(state: DashboardState, open: number, urgent: number): string {
  if (!isConnected(state)) return 'Not connected: new alarms are not shown.';
  const stale = staleStreams(state);
  if (open === 0 && stale.length > 0)
    return `No open alarms, but no data from ${stale.length === 1 ? stale[0] : `${stale.length} streams`}.`;
  if (open === 0) return 'No open alarms.';
  const rest = open - urgent;
  const parts = [
    urgent > 0 ? `${urgent} need${urgent === 1 ? 's' : ''} attention` : '',
    rest > 0 ? `${rest} acknowledged or shelved` : '',
  ];
  return `${parts.filter((part) => part !== '').join(', ')}.`;
}

/** Which part of the selected stream is not monitored, and why. */
function unmonitored(state: DashboardState): string {
  const info = selectedStream(state);
  return info?.unwatched && !info.for ? `${info.name}: ${info.unwatched}.` : '';
}

function maintenanceView({ maintenance }: DashboardState, store: DashboardStore, now: number): TemplateResult {
  const all = maintenance.find(({ streams }) => streams === '*');
  const choices = maintenanceHours.map((hours) => ({ value: hours, text: hours === 0 ? 'Off' : `${hours} h` }));
  if (all) choices.push({ value: -1, text: `Until ${timeOfDay(all.until, now)}` });
  return choice({
    label: 'Maintenance',
    testid: 'maintenance',
    value: all ? -1 : 0,
    choices,
    onSelect: (hours) => {
      if (hours >= 0) store.request({ type: 'maintenance', streams: '*', until: hours === 0 ? 0 : now + hours * hour });
    },
  });
}

const stateLabels: Readonly<Record<AlarmRecord['state'], string>> = {
  raised: 'New',
  escalated: 'Escalated',
  acknowledged: 'Acknowledged',
  shelved: 'Shelved',
  cleared: 'Cleared',
};

function alarmView(alarm: AlarmRecord, dashboard: DashboardState, store: DashboardStore, now: number): TemplateResult {
  const { id, state, falseAlarm, until } = alarm;
  const [first] = alarm.members;
  const details = [...alarmDetails(alarm, dashboard, now), until === undefined ? '' : `until ${timeOfDay(until, now)}`];
  return html`<li class="alarm alarm-${state}" data-testid="alarm" data-alarm=${id} data-state=${state}>
    <span class="alarm-state">${falseAlarm ? 'False alarm' : stateLabels[state]}</span>
    <button
      type="button"
      class="alarm-cause"
      title="Show this stream"
      @click=${() => store.change({ selected: first.stream })}
    >
      <b>${alarmSource(alarm)}</b>: ${alarmCause(alarm)}
    </button>
    <span class="alarm-channels">${chipsView(alarm)}</span>
    <span class="alarm-since">
      ${timeOfDay(isAccelerated(dashboard, first) ? alarm.raised : first.since, now)}<span class="alarm-details"
        >${details.filter((part) => part !== '').join(', ')}</span
      >
    </span>
    <span class="alarm-actions">${actionsView(alarm, store, now)}</span>
  </li>`;
}

/** The channels of an alarm with their shares as bars, or its streams if it has several. */
function chipsView({ members }: AlarmRecord): TemplateResult[] {
  if (members.length > 1)
    return members
      .slice(0, maxChips)
      .map(({ stream, active }) => html`<span class="alarm-chip ${active ? '' : 'alarm-inactive'}">${stream}</span>`);
  const [{ cause, channels }] = members;
  if (isOfStream(cause)) return [];
  return channels
    .filter(({ share }, at) => at === 0 || share >= 0.05)
    .slice(0, maxChips)
    .map(
      ({ label, share }) =>
        html`<span class="alarm-chip">
          ${label} <meter min="0" max="1" .value=${share} aria-label="Share of ${label}"></meter>
          ${Math.round(100 * share)}%
        </span>`,
    );
}

/** Whether a stream is played back faster than its sampling rate, so that its timestamps do not follow the wall clock. */
function isAccelerated(dashboard: DashboardState, { stream }: AlarmMember): boolean {
  const info = dashboard.streams.find(({ name }) => name === stream);
  return info !== undefined && playbackSpeed(dashboard, info) > 1;
}

/** The duration of an alarm, how rare its score is, and how often it was reopened. */
function alarmDetails(alarm: AlarmRecord, dashboard: DashboardState, now: number): string[] {
  const [first] = alarm.members;
  return [alarmDuration(alarm, dashboard, now), rarity(first), alarm.returns > 0 ? `reopened ${alarm.returns}×` : ''];
}

/** How long an alarm has lasted, in stream time if the stream is accelerated. */
function alarmDuration({ state, entered, members }: AlarmRecord, dashboard: DashboardState, now: number): string {
  const [first] = members;
  const accelerated = isAccelerated(dashboard, first);
  if (state === 'cleared') return accelerated ? '' : `lasted ${formatDuration((entered - first.since) / 1000)}`;
  const streamTime = accelerated && !isOfStream(first.cause) ? streamTimeSince(dashboard, first) : NaN;
  if (streamTime > 0) return `for ${formatDuration(streamTime)} (stream time)`;
  return `for ${formatDuration(Math.max(0, now - first.since) / 1000)}`;
}

function actionsView(
  { id, state, falseAlarm }: AlarmRecord,
  store: DashboardStore,
  now: number,
): (TemplateResult | undefined)[] {
  const button = (name: string, text: string, title: string, onClick: () => void) =>
    html`<button
      type="button"
      class="small-button"
      data-testid=${name}
      title=${title}
      ?disabled=${store.state.connection.is !== 'open'}
      @click=${onClick}
    >
      ${text}
    </button>`;
  const open = state !== 'cleared';
  return [
    open && state !== 'acknowledged'
      ? button('acknowledge', 'Acknowledge', 'Acknowledge this alarm so that it is not escalated', () =>
          store.request({ type: 'alarm', alarm: id, do: 'acknowledge' }),
        )
      : undefined,
    open && state !== 'shelved'
      ? button('shelve', 'Shelve 1 h', 'Shelve this alarm for 1 hour; it is raised again if the anomaly persists', () =>
          store.request({ type: 'alarm', alarm: id, do: 'shelve', until: now + shelveTime }),
        )
      : undefined,
    open
      ? button('clear', 'Clear', 'Clear this alarm', () => store.request({ type: 'alarm', alarm: id, do: 'clear' }))
      : undefined,
    falseAlarm
      ? undefined
      : button('false-alarm', 'False alarm', 'Clear this alarm and count it as a false alarm', () =>
          store.request({ type: 'alarm', alarm: id, do: 'falseAlarm' }),
        ),
  ];
}

/** The affected channel and the cause of an alarm: `C3 out of range`, or `not recorded: the disk is full`. */
export function alarmCause({ members }: AlarmRecord): string {
  const [{ cause, channels, reason }] = members;
  const label = reason === undefined ? causeLabels[cause] : `${causeLabels[cause]}: ${reason}`;
  return isOfStream(cause) || channels.length === 0 ? label : `${channels[0].label} ${label}`;
}

/** The streams of an alarm: `pump.3`, `hall.* (300 streams)`, or `mill and 1 more`. */
export function alarmSource({ members }: AlarmRecord): string {
  const [{ stream }] = members;
  if (members.length === 1) return stream;
  const shared = members.reduce((prefix, member) => commonPrefix(prefix, member.stream), stream);
  return shared.length > 1 ? `${shared}* (${members.length} streams)` : `${stream} and ${members.length - 1} more`;
}

function commonPrefix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

/** How often a score this high occurs by chance: `once in 3.2 days by chance`. Empty without a score. */
export function rarity({ score, rate }: AlarmMember): string {
  if (score <= 0) return '';
  const frames = 10 ** score;
  return `once in ${rate > 0 ? formatDuration(frames / rate) : `${Math.round(frames)} frames`} by chance`;
}

/** The time of day, preceded by the date if it is not today. */
export function timeOfDay(time: number, now: number): string {
  const date = new Date(time);
  const day = date.toDateString() === new Date(now).toDateString() ? '' : `${date.toLocaleDateString()} `;
  return `${day}${date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })}`;
}
