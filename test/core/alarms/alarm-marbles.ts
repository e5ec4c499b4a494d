import { AlarmManager, type AlarmEvent } from '../../../src/core/alarms/alarm-manager.ts';
import type { AlarmCause, AlarmStep, Finding } from '../../../src/core/alarms/alarm-lifecycle.ts';
import type { AlarmOptions } from '../../../src/core/alarms/alarm-options.ts';

/** A finding on one channel, as rare as `score`. */
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

type Move = (book: AlarmManager, time: number) => AlarmEvent[] | undefined;

/** What the letters of a diagram do; of alarms by hand the newest is meant. */
const moves: Record<string, Move> = {
  '-': () => [],
  a: (book, time) => book.report('p', 'unusual', finding(), time),
  o: (book, time) => book.sustain('p', 'unusual', time),
  c: (book, time) => book.reportNormal('p', 'unusual', time),
  b: (book, time) => book.report('q', 'unusual', finding(), time),
  d: (book, time) => book.reportNormal('q', 'unusual', time),
  S: (book, time) => book.report('p', 'silent', finding(0, 'silent'), time),
  E: (book, time) => book.end('p', 'silent', time),
  k: (book, time) => book.acknowledge(book.alarms[0].id, time),
  s: (book, time) => book.shelve(book.alarms[0].id, time + 8000, time),
  x: (book, time) => book.clear(book.alarms[0].id, time),
  f: (book, time) => book.falseAlarm(book.alarms[0].id, time),
  m: (book, time) => (book.setMaintenance({ streams: 'p', until: time + 5000 }, time), []),
};

/** Times of the diagrams: calm after 3 s, back within 5 s, escalated after 6 s, together within 1 s. */
export const times: AlarmOptions = { calm: 3000, cooldown: 5000, escalateAfter: 6000, together: 1000 };

/** Plays a diagram, one letter a second, from second `from` on, into a book; what comes of it in the same seconds. */
export function play(
  diagram: string,
  options: AlarmOptions = {},
  book: AlarmManager = new AlarmManager({ ...times, ...options }),
  from = 0,
): string {
  return [...diagram]
    .map((letter, second) => {
      const time = (from + second) * 1000;
      const events = [...(moves[letter](book, time) ?? []), ...book.tick(time)];
      return events.length > 1
        ? `(${events.map(({ step }) => letters[step]).join('')})`
        : events.map(({ step }) => letters[step]).join('') || '-';
    })
    .join('');
}
