import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { AlarmMember, AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import { duration } from '../duration.ts';
import { clock, rarity, whatIs, whoseIs } from './alarm-words.ts';
import { choice, hint } from './controls-view.ts';
import { longList } from './long-list.ts';
import { lasted, openAlarms, type PageState, selectedStream, speedOf } from './page-state.ts';
import type { PageStore } from './page-store.ts';

/** Ms of a shelving, and alarms that are over and still listed. */
const shelf = 3_600_000;
const mostOver = 20;
/** Open alarms that are listed until somebody asks for more. */
const mostOpen = 5;
/** Channels of an alarm that are named. */
const mostNamed = 4;
const maintenance = [0, 1, 8, 24];
const aboutShares = 'The bar and the % beside a channel say how much of what is unusual is its own.';

/** All alarms that are open, and behind a fold those that are over; a quiet line while there are none. */
export function alarmsView(state: PageState, store: PageStore, now: number): TemplateResult {
  const open = openAlarms(state);
  const over = [...state.alarms.values()]
    .filter((alarm) => alarm.state === 'cleared')
    .sort((a, b) => b.entered - a.entered);
  const { shown, more } = longList(store, 'alarms', open, mostOpen);
  const urgent = open.filter((alarm) => alarm.state === 'raised' || alarm.state === 'escalated').length;
  return html`<section class="alarms ${urgent > 0 ? 'alarms-urgent' : ''}" aria-label="Alarms" data-testid="alarms">
    <header class="alarms-head">
      <h2>Alarms ${hint(aboutShares)}</h2>
      <p role="status">${summary(open.length, urgent)} ${unwatched(state)}</p>
      ${maintenanceView(state, store, now)}
      ${
        over.length > 0
          ? html`<details class="menu alarms-over">
              <summary data-testid="alarms-over">Earlier: ${over.length}</summary>
              <div class="menu-body">
                <ul>
                  ${repeat(
                    over.slice(0, mostOver),
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

function summary(open: number, urgent: number): string {
  if (open === 0) return 'Nothing is out of the ordinary.';
  const seen = open - urgent;
  if (urgent === 0) return `${open} open, all of them seen to.`;
  return seen > 0 ? `${urgent} to see to, ${seen} seen to.` : `${urgent} to see to.`;
}

function unwatched(state: PageState): string {
  const info = selectedStream(state);
  return info?.unwatched && !info.for ? `Of ${info.name} ${info.unwatched}.` : '';
}

function maintenanceView({ maintenance: list }: PageState, store: PageStore, now: number): TemplateResult {
  const all = list.find(({ streams }) => streams === '*');
  const choices = maintenance.map((hours) => ({ value: hours, text: hours === 0 ? 'off' : `${hours} h` }));
  if (all) choices.push({ value: -1, text: `until ${clock(all.until, now)}` });
  return choice({
    label: 'Maintenance',
    testid: 'maintenance',
    value: all ? -1 : 0,
    choices,
    chosen: (hours) => {
      if (hours >= 0)
        store.ask({ type: 'maintenance', streams: '*', until: hours === 0 ? 0 : now + hours * 3_600_000 });
    },
  });
}

const states: Readonly<Record<AlarmRecord['state'], string>> = {
  raised: 'new',
  escalated: 'waiting',
  acknowledged: 'seen',
  shelved: 'shelved',
  cleared: 'over',
};

function alarmView(alarm: AlarmRecord, page: PageState, store: PageStore, now: number): TemplateResult {
  const { id, state, falseAlarm, until } = alarm;
  const [first] = alarm.members;
  return html`<li class="alarm alarm-${state}" data-testid="alarm" data-alarm=${id} data-state=${state}>
    <span class="alarm-state">${falseAlarm ? 'false alarm' : states[state]}</span>
    <button
      type="button"
      class="alarm-what"
      title="Show this stream"
      @click=${() => store.change({ chosen: first.stream })}
    >
      <b>${whoseIs(alarm)}</b>: ${whatIs(alarm)}
    </button>
    <span class="alarm-channels">${channelsView(alarm)}</span>
    <span class="alarm-since">
      ${clock(isFast(page, first) ? alarm.raised : first.since, now)}<span class="alarm-about"
        >${about(alarm, page, now)}${until === undefined ? '' : `, until ${clock(until, now)}`}</span
      >
    </span>
    <span class="alarm-deeds">${deedsView(alarm, store, now)}</span>
  </li>`;
}

/** Who has how much to do with it, as bars. */
function channelsView({ members }: AlarmRecord): TemplateResult[] {
  if (members.length > 1)
    return members
      .slice(0, mostNamed)
      .map(({ stream, active }) => html`<span class="alarm-chip ${active ? '' : 'alarm-calm'}">${stream}</span>`);
  const [{ cause, channels }] = members;
  if (cause === 'silent') return [];
  return channels
    .filter(({ share }, at) => at === 0 || share >= 0.05)
    .slice(0, mostNamed)
    .map(
      ({ label, share }) =>
        html`<span class="alarm-chip">
          ${label} <meter min="0" max="1" .value=${share} aria-label="share of ${label}"></meter>
          ${Math.round(100 * share)} %
        </span>`,
    );
}

/** Whether a stream runs so much faster than its rate that its own time is not ours. */
function isFast(page: PageState, { stream }: AlarmMember): boolean {
  const info = page.streams.find(({ name }) => name === stream);
  return info !== undefined && speedOf(page, info) > 1;
}

function about(alarm: AlarmRecord, page: PageState, now: number): string {
  const [first] = alarm.members;
  const back = alarm.returns > 0 ? `back ${alarm.returns}×` : '';
  return [howLong(alarm, page, now), rarity(first), back].filter((part) => part !== '').join(', ');
}

/** How long it lasts or lasted: by the stream's own clock where that runs fast. */
function howLong({ state, kind, entered, members }: AlarmRecord, page: PageState, now: number): string {
  const [first] = members;
  if (state === 'cleared')
    return isFast(page, first) ? 'over' : `over after ${duration((entered - first.since) / 1000)}`;
  const own = isFast(page, first) && kind !== 'silent' ? lasted(page, first) : NaN;
  if (own > 0) return `for ${duration(own)} of its own time`;
  return `for ${duration(Math.max(0, now - first.since) / 1000)}`;
}

function deedsView(
  { id, state, falseAlarm }: AlarmRecord,
  store: PageStore,
  now: number,
): (TemplateResult | undefined)[] {
  const deed = (name: string, text: string, title: string, act: () => void) =>
    html`<button type="button" class="skill" data-testid=${name} title=${title} @click=${act}>${text}</button>`;
  const open = state !== 'cleared';
  return [
    open && state !== 'acknowledged'
      ? deed('acknowledge', 'Acknowledge', 'I have seen it: it will not be escalated', () =>
          store.ask({ type: 'alarm', alarm: id, do: 'acknowledge' }),
        )
      : undefined,
    open && state !== 'shelved'
      ? deed('shelve', 'Shelve 1 h', 'Not now: it comes back in an hour if it lasts', () =>
          store.ask({ type: 'alarm', alarm: id, do: 'shelve', until: now + shelf }),
        )
      : undefined,
    open
      ? deed('clear', 'Clear', 'It has been dealt with: it is closed', () =>
          store.ask({ type: 'alarm', alarm: id, do: 'clear' }),
        )
      : undefined,
    falseAlarm
      ? undefined
      : deed('false-alarm', 'False alarm', 'It was nothing: it is closed, and counted', () =>
          store.ask({ type: 'alarm', alarm: id, do: 'falseAlarm' }),
        ),
  ];
}
