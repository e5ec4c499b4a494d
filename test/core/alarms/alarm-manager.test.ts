import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AlarmManager } from '../../../src/core/alarms/alarm-manager.ts';
import { NoSamplesMonitor } from '../../../src/core/alarms/no-samples-monitor.ts';
import { random } from '../../../src/core/random.ts';
import { finding, play, times } from './alarm-marbles.ts';

describe('the life cycle of an alarm, one letter per second', () => {
  test.each([
    ['is raised immediately, and cleared after three normal seconds', {}, '-a-ccc-', '-r--c--'],
    [
      'is reported once, however long it lasts, and is sustained by scores within the hysteresis',
      {},
      'aaooccoc-c',
      'r-----e--c',
    ],
    ['is not cleared by missing frames', {}, 'a------c-', 'r-----ec-'],
    ['is raised after an on-delay of two seconds', { onDelay: 2000 }, 'a-o-', '--r-'],
    ['is not raised if it does not last for the on-delay', { onDelay: 2000 }, 'acoooa', '------'],
    ['is reopened within the cooldown, and is a new one after it', {}, 'acccc-a-cc----a', 'r--c--b--c----r'],
    ['is escalated if it is not acknowledged', {}, 'aoooooooo', 'r-----e--'],
    ['is not escalated after it was acknowledged', {}, 'aokoooookcc', 'r-k-------c'],
    ['can be acknowledged after escalation', {}, 'aoooooookoccc', 'r-----e-k---c'],
    ['is shelved until a time, and returns if it lasts', {}, 'aosooooooooo', 'r-s-------b-'],
    [
      'that is shelved is cleared at its time if it has ended, without events in between',
      {},
      'aosccca-cccc',
      'r-s-------c-',
    ],
    [
      'that was cleared manually does not return within the hysteresis, but is raised anew by an alarm',
      {},
      'aoxooa',
      'r-c--r',
    ],
    ['marked as false is cleared once', {}, 'aof-ff', 'r-f---'],
    ['is not raised in maintenance, and is after it', {}, 'ma-a-a', '-----r'],
    ['continues through maintenance that begins later', {}, 'am-ccc', 'r--c--'],
    ['without samples ends with the first sample', {}, '-S---E-', '-r---c-'],
    ['without samples that was cleared manually is raised anew only after samples arrived', {}, 'SxSS-E-S', 'rc-----r'],
    ['without samples in maintenance is raised when maintenance ends', {}, 'mSSSSSS', '-----r-'],
  ] as const)('%s', (_, options, diagram, steps) => {
    expect(play(diagram, options)).toBe(steps);
  });
});

describe('alarms of several streams', () => {
  test('that begin together are one, which is cleared when all are normal', () => {
    const manager = new AlarmManager(times);
    expect(play('abccccbdd-d', {}, manager)).toBe('rj----e---c');
    expect(manager.alarms).toMatchObject([{ state: 'cleared', members: [{ stream: 'p' }, { stream: 'q' }] }]);
  });

  test('that begin together are two if the first has been acknowledged', () => {
    expect(play('ab')).toBe('rj');
    expect(play('akb', { groupWithin: 2000 })).toBe('rkr');
  });

  test('that begin later are two', () => {
    const manager = new AlarmManager(times);
    expect(play('a--b', {}, manager)).toBe('r--r');
    expect(manager.alarms.map(({ members }) => members.map(({ stream }) => stream))).toEqual([['q'], ['p']]);
  });

  test('of 300 devices behind a failing gateway are one alarm with few messages', () => {
    const manager = new AlarmManager();
    const steps: string[] = [];
    for (let device = 0; device < 300; device++) {
      const time = device * 10;
      steps.push(...manager.report(`hall.${device}`, 'silent', finding(0, 'silent'), time).map(({ step }) => step));
      if (time % 1000 === 0) steps.push(...manager.tick(time).map(({ step }) => step));
    }
    steps.push(...manager.tick(3000).map(({ step }) => step));
    expect(steps).toEqual(['raised', 'joined', 'joined', 'joined']);
    expect(manager.alarms).toHaveLength(1);
    expect(manager.alarms[0].members).toHaveLength(300);
    for (let device = 0; device < 299; device++) expect(manager.end(`hall.${device}`, 'silent', 9000)).toEqual([]);
    expect(manager.end('hall.299', 'silent', 9000).map(({ step }) => step)).toEqual(['cleared']);
  });

  test('of different kinds are different alarms', () => {
    expect(play('aS')).toBe('rr');
  });
});

describe('a persistent condition that is reported at every frame', () => {
  const reportFlatline = (manager: AlarmManager, time: number, ...labels: string[]) =>
    manager
      .report(
        'p',
        'dead',
        { ...finding(0, 'dead'), channels: labels.map((label) => ({ label, share: 1 / labels.length })) },
        time,
      )
      .map(({ step, alarm }) => `${step} ${alarm.id}`);
  const channels = (manager: AlarmManager) => manager.alarms[0].members[0].channels;

  test('is reported once, again for each further channel, and raised again after it was acknowledged', () => {
    const manager = new AlarmManager(times);
    expect(reportFlatline(manager, 0, 'a')).toEqual(['raised 1']);
    expect(reportFlatline(manager, 1000, 'a')).toEqual([]);
    manager.acknowledge(1, 2000);
    expect(reportFlatline(manager, 3000, 'b', 'a')).toEqual(['worsened 1']);
    expect(manager.alarms).toMatchObject([{ state: 'raised', changed: 3000 }]);
    expect(channels(manager).map(({ label }) => label)).toEqual(['b', 'a']);
    expect(reportFlatline(manager, 4000, 'b')).toEqual([]);
    expect(channels(manager)).toEqual([{ label: 'b', share: 1 }]);
  });

  test('is not reported again while it lasts if it was cleared manually; another channel is, and so is a new occurrence', () => {
    const manager = new AlarmManager(times);
    reportFlatline(manager, 0, 'a');
    manager.clear(1, 1000);
    expect(reportFlatline(manager, 2000, 'a')).toEqual([]);
    const restored = new AlarmManager(times);
    restored.restore(JSON.parse(JSON.stringify(manager.save())));
    expect(reportFlatline(restored, 3000, 'b', 'a')).toEqual(['raised 2']);
    expect(channels(restored)).toEqual([{ label: 'b', share: 1 }]);
    expect(reportFlatline(restored, 4000, 'b')).toEqual([]);
    expect(reportFlatline(restored, 5000, 'b', 'a')).toEqual(['worsened 2']);
  });

  test('is reported when maintenance ends, and after the on-delay', () => {
    const manager = new AlarmManager({ ...times, onDelay: 2000 });
    manager.setMaintenance({ streams: '*', until: 5000 }, 0);
    const raised = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter(
      (second) => reportFlatline(manager, second * 1000, 'a').length > 0,
    );
    expect(raised).toEqual([7]);
  });
});

describe('maintenance', () => {
  test.each([
    ['drops pending findings', { onDelay: 2000 }, 'amo----o', '--------'],
    ['suppresses returning alarms', {}, 'acccma-----a', 'r--c-------r'],
    [
      'suppresses escalation and end of shelving while the condition lasts',
      { escalateAfter: 3000 },
      'amooooooo',
      'r-----e--',
    ],
  ] as const)('%s', (_, options, diagram, steps) => {
    expect(play(diagram, options)).toBe(steps);
  });
});

describe('an active alarm', () => {
  const raised = () => {
    const manager = new AlarmManager(times);
    manager.report('p', 'unusual', finding(4), 0);
    manager.acknowledge(1, 500);
    return manager;
  };
  const steps = (manager: AlarmManager, time: number, score: number, label: string) =>
    manager.report('p', 'unusual', finding(score, 'surprise', label), time).map(({ step }) => step);

  test.each([
    ['ten times as rare', 5, 'a'],
    ['with another first channel', 4, 'b'],
  ])('is raised again after acknowledgment by a finding that is %s, once', (_, score, label) => {
    const manager = raised();
    expect(steps(manager, 1000, score, label)).toEqual(['worsened']);
    expect(manager.alarms[0]).toMatchObject({
      state: 'raised',
      changed: 1000,
      members: [{ cause: 'surprise', score, since: 0 }],
    });
    expect(manager.alarms[0].members[0].channels[0].label).toBe(label);
    expect(steps(manager, 2000, score, label)).toEqual([]);
    expect(steps(manager, 2500, 4.5, 'a')).toEqual([]);
  });

  test('stays acknowledged when a similar finding follows', () => {
    const manager = raised();
    expect(steps(manager, 1000, 4.9, 'a')).toEqual([]);
    expect(manager.alarms[0]).toMatchObject({ state: 'acknowledged', changed: 500 });
  });

  test('stays shelved when a worse finding follows', () => {
    const manager = raised();
    manager.shelve(1, 9000, 1000);
    expect(steps(manager, 2000, 9, 'b')).toEqual([]);
    expect(manager.alarms[0]).toMatchObject({ state: 'shelved', changed: 2000, members: [{ score: 9 }] });
  });

  test('is shelved until a time in the future', () => {
    expect(() => raised().shelve(1, 1000, 1000)).toThrow(
      new RangeError('until must be a time in the future, in ms since 1970, got 1000'),
    );
  });

  test('stays active for ten frames of its stream, however slow the stream is', () => {
    const manager = new AlarmManager(times);
    const slow = { ...finding(), rate: 1 / 60 };
    manager.report('p', 'unusual', slow, 0);
    for (let minute = 1; minute < 10; minute++)
      expect(manager.reportNormal('p', 'unusual', minute * 60_000)).toEqual([]);
    expect(manager.reportNormal('p', 'unusual', 600_000).map(({ step }) => step)).toEqual(['cleared']);
    expect(manager.report('p', 'unusual', slow, 1_140_000).map(({ step }) => step)).toEqual(['returned']);
  });

  test('gets the window of the new run after a restart', () => {
    const manager = raised();
    manager.report('p', 'unusual', { ...finding(4), window: { run: 2, from: 3, to: 3 } }, 1000);
    expect(manager.alarms[0].members[0].window).toEqual({ run: 2, from: 3, to: 3 });
  });
});

describe('outages', () => {
  const names = Array.from({ length: 300 }, (_, device) => `hall.${device}`);

  test('a second one is reported while one device is still down from the first', () => {
    const manager = new AlarmManager();
    const silent = (devices: readonly string[], time: number) =>
      devices.flatMap((name) => manager.report(name, 'silent', finding(0, 'silent'), time)).map(({ step }) => step);
    expect(silent(names, 0)).toEqual(['raised']);
    manager.acknowledge(1, 1000);
    for (const name of names.slice(1)) manager.end(name, 'silent', 2000);
    for (let time = 1000; time < 1e6; time += 1000) expect(silent(names.slice(0, 1), time)).toEqual([]);
    expect(silent(names, 1e6)).toEqual(['raised']);
    expect(manager.alarms.map(({ members }) => members.filter(({ active }) => active).length)).toEqual([299, 1]);
  });

  test.each([
    ['five minutes', [300_000]],
    ['an hour', [3_600_000]],
    ['one, ten, sixty or three hundred seconds', [1000, 10_000, 60_000, 300_000]],
  ])('are one alarm, where devices send every %s', (_, periods) => {
    const chance = random(3);
    const [man, manager] = [new NoSamplesMonitor(), new AlarmManager()];
    const outage = 20 * Math.max(...periods);
    const steps: string[] = [];
    const devices = names.slice(0, 100).map((name, n) => {
      const period = periods[n % periods.length];
      return { name, period, next: chance.uniform() * period };
    });
    for (let time = 0; time < 1.3 * outage; time += 1000) {
      for (const device of devices)
        for (; device.next <= Math.min(time, outage); device.next += device.period) {
          man.receive(device.name, device.next);
          manager.end(device.name, 'silent', time);
        }
      for (const { stream, last, interval } of man.staleStreams(time)) {
        const found = { ...finding(0, 'silent'), since: last, by: last + interval };
        steps.push(...manager.report(stream, 'silent', found, time).map(({ step }) => step));
      }
      manager.tick(time);
    }
    expect(steps.filter((step) => step === 'raised')).toEqual(['raised']);
    expect(manager.alarms[0].members).toHaveLength(100);
  });

  test('that cannot have begun at the same time are two', () => {
    const manager = new AlarmManager();
    const found = (since: number, by: number) => ({ ...finding(0, 'silent'), since, by });
    manager.report('p', 'silent', found(0, 10_000), 30_000);
    manager.report('q', 'silent', found(16_000, 16_100), 31_000);
    expect(manager.alarms).toHaveLength(2);
  });
});

describe('an alarm manager', () => {
  test('counts alarms and false alarms per stream', () => {
    const manager = new AlarmManager(times);
    play('abf---------a', {}, manager);
    expect(manager.counts).toEqual([
      { stream: 'q', alarms: 1, falseAlarms: 1 },
      { stream: 'p', alarms: 2, falseAlarms: 1 },
    ]);
  });

  test('continues after save and restore at any moment as without interruption', () => {
    const letter = fc.constantFrom(...'-aooccckxbdsSEf');
    fc.assert(
      fc.property(fc.array(letter, { minLength: 2, maxLength: 40 }), fc.nat(), (letters, cut) => {
        const at = cut % letters.length;
        const diagram = `a${letters.join('')}`;
        const whole = new AlarmManager(times);
        const steps = play(diagram, {}, whole);
        const before = new AlarmManager(times);
        const head = play(diagram.slice(0, at + 1), {}, before);
        const after = new AlarmManager(times);
        after.restore(JSON.parse(JSON.stringify(before.save())));
        const tail = play(diagram.slice(at + 1), {}, after, at + 1);
        expect(head + tail).toBe(steps);
        expect(after.save()).toEqual(whole.save());
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('does not change at a tick before `nextTick`', () => {
    const letter = fc.constantFrom(...'-aooccckxbdsSEfm');
    fc.assert(
      fc.property(fc.array(letter, { maxLength: 20 }), (letters) => {
        const manager = new AlarmManager(times);
        play(`a${letters.join('')}`, {}, manager);
        const before = manager.save();
        const { nextTick } = manager;
        expect(manager.tick(nextTick === Infinity ? 1e12 : nextTick - 1)).toEqual([]);
        expect(manager.save()).toEqual(before);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test('counts the 1024 most recent streams', () => {
    const manager = new AlarmManager({ groupWithin: 0 });
    for (let n = 0; n < 1030; n++) manager.report(`s${n}`, 'unusual', finding(), n);
    expect(manager.counts).toHaveLength(1024);
    expect(manager.counts[0].stream).toBe('s6');
  });

  test('ends the alarms of a removed stream', () => {
    const manager = new AlarmManager(times);
    play('aS', {}, manager);
    expect(manager.removeStream('p', 2000).map(({ step, alarm }) => `${step} ${alarm.kind}`)).toEqual([
      'cleared unusual',
      'cleared silent',
    ]);
  });

  test('keeps 500 cleared alarms, and every open one', () => {
    const manager = new AlarmManager({ ...times, groupWithin: 0, cooldown: 0 });
    for (let n = 0; n < 600; n++) {
      manager.report(`s${n}`, 'unusual', finding(), n * 10_000);
      if (n > 0) manager.reportNormal(`s${n}`, 'unusual', n * 10_000 + 5000);
    }
    manager.report('last', 'unusual', finding(), 1e7);
    expect(manager.alarms).toHaveLength(502);
    expect(manager.alarms.at(-1)).toMatchObject({ id: 1, state: 'raised' });
  });

  test('rejects invalid options', () => {
    expect(() => new AlarmManager({ offDelay: 0 })).toThrow('offDelay must be a number > 0 in ms, got 0');
    expect(() => new AlarmManager({ onDelay: -1 })).toThrow('onDelay must be a number >= 0, got -1');
  });
});
