import { AlarmManager, type AlarmEvent } from '../../../src/core/alarms/alarm-manager.ts';
import type { AlarmCause, AlarmStep, Finding } from '../../../src/core/alarms/alarm-lifecycle.ts';
import type { AlarmOptions } from '../../../src/core/alarms/alarm-options.ts';

/** A finding on one channel with a score of `score`. */
export function finding(score = 5, cause: AlarmCause = 'range', label = 'a'): Finding {
  return {
    cause,
    score,
    rate: 0,
    channels: [{ label, share: 1 }],
    since: 0,
    window: { run: 1, from: 0, to: 0 },
  };
}

const letters: Record<AlarmStep, string> = {
  raised: 'r',
  joined: 'j',
  worsened: 'w',
  returned: 'b',
  escalated: 'e',
  acknowledged: 'k',
  shelved: 's',
  cleared: 'c',
  falseAlarm: 'f',
};

type Action = (manager: AlarmManager, time: number) => AlarmEvent[] | undefined;

/** Actions of the letters in a diagram. Manual actions apply to the newest alarm. */
const actions: Record<string, Action> = {
  '-': () => [],
  a: (manager, time) => manager.report('p', 'unusual', finding(), time),
  o: (manager, time) => manager.sustain('p', 'unusual', time),
  c: (manager, time) => manager.reportNormal('p', 'unusual', time),
  b: (manager, time) => manager.report('q', 'unusual', finding(), time),
  d: (manager, time) => manager.reportNormal('q', 'unusual', time),
  S: (manager, time) => manager.report('p', 'silent', finding(0, 'silent'), time),
  E: (manager, time) => manager.end('p', 'silent', time),
  k: (manager, time) => manager.acknowledge(manager.alarms[0].id, time),
  s: (manager, time) => manager.shelve(manager.alarms[0].id, time + 8000, time),
  x: (manager, time) => manager.clear(manager.alarms[0].id, time),
  f: (manager, time) => manager.falseAlarm(manager.alarms[0].id, time),
  m: (manager, time) => (manager.setMaintenance({ streams: 'p', until: time + 5000 }, time), []),
};

/** Times of the diagrams: cleared after 3 s, reopened within 5 s, escalated after 6 s, grouped within 1 s. */
export const times: AlarmOptions = { offDelay: 3000, cooldown: 5000, escalateAfter: 6000, groupWithin: 1000 };

/**
 * Plays a diagram, one letter per second from second `from` on, and returns the resulting events in the same seconds.
 */
export function play(
  diagram: string,
  options: AlarmOptions = {},
  manager: AlarmManager = new AlarmManager({ ...times, ...options }),
  from = 0,
): string {
  return [...diagram]
    .map((letter, second) => {
      const time = (from + second) * 1000;
      const events = [...(actions[letter](manager, time) ?? []), ...manager.tick(time)];
      return events.length > 1
        ? `(${events.map(({ step }) => letters[step]).join('')})`
        : events.map(({ step }) => letters[step]).join('') || '-';
    })
    .join('');
}
