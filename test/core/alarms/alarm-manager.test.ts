import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AlarmManager } from '../../../src/core/alarms/alarm-manager.ts';
import { NoSamplesMonitor } from '../../../src/core/alarms/no-samples-monitor.ts';
import { random } from '../../../src/core/random.ts';
import { finding, play, times } from './alarm-marbles.ts';

describe('the life of an alarm, a letter a second', () => {
  test.each([
    ['is raised at once, and cleared after three calm seconds', {}, '-a-ccc-', '-r--c--'],
    ['is told once, however long it lasts, and is kept up by what is a little out', {}, 'aaooccoc-c', 'r-----e--c'],
    ['is not cleared by frames that never came', {}, 'a------c-', 'r-----ec-'],
    ['is told late when it must last two seconds', { least: 2000 }, 'a-o-', '--r-'],
    ['that must last two seconds is not told when it does not', { least: 2000 }, 'acoooa', '------'],
    ['comes back within the cooldown, and is a new one after it', {}, 'acccc-a-cc----a', 'r--c--b--c----r'],
    ['is escalated when nobody acknowledges it', {}, 'aoooooooo', 'r-----e--'],
    ['is not escalated once it is acknowledged, and may be acknowledged after', {}, 'aokoooookcc', 'r-k-------c'],
    ['is acknowledged when escalated', {}, 'aoooooookoccc', 'r-----e-k---c'],
    ['is shelved until a time, and comes back if it lasts', {}, 'aosooooooooo', 'r-s-------b-'],
    [
      'that was shelved is cleared at its time if it is over, and told nothing of between',
      {},
      'aosccca-cccc',
      'r-s-------c-',
    ],
    [
      'that was cleared by hand is not brought back by what is a little out, but by an alarm anew',
      {},
      'aoxooa',
      'r-c--r',
    ],
    ['that was called false is cleared once', {}, 'aof-ff', 'r-f---'],
    ['is not raised in maintenance, and is after it', {}, 'ma-a-a', '-----r'],
    ['lasts through maintenance that begins under it', {}, 'am-ccc', 'r--c--'],
    ['of silence is over with the first sample', {}, '-S---E-', '-r---c-'],
    ['of silence that was cleared by hand is told anew only after samples came', {}, 'SxSS-E-S', 'rc-----r'],
    ['of silence in maintenance is told when maintenance is over', {}, 'mSSSSSS', '-----r-'],
  ] as const)('%s', (_, options, diagram, steps) => {
    expect(play(diagram, options)).toBe(steps);
  });
});

describe('alarms of several streams', () => {
  test('that begin together are one, which is over when all are calm', () => {
    const book = new AlarmManager(times);
    expect(play('abccccbdd-d', {}, book)).toBe('rj----e---c');
    expect(book.alarms).toMatchObject([{ state: 'cleared', members: [{ stream: 'p' }, { stream: 'q' }] }]);
  });

  test('that begin together are two when the first is acknowledged already', () => {
    expect(play('ab')).toBe('rj');
    expect(play('akb', { together: 2000 })).toBe('rkr');
  });

  test('that begin later are two', () => {
    const book = new AlarmManager(times);
    expect(play('a--b', {}, book)).toBe('r--r');
    expect(book.alarms.map(({ members }) => members.map(({ stream }) => stream))).toEqual([['q'], ['p']]);
  });

  test('three hundred devices behind a gateway that fails within seconds are one alarm of few messages', () => {
    const book = new AlarmManager();
    const steps: string[] = [];
    for (let device = 0; device < 300; device++) {
      const time = device * 10;
      steps.push(...book.report(`hall.${device}`, 'silent', finding(0, 'silent'), time).map(({ step }) => step));
      if (time % 1000 === 0) steps.push(...book.tick(time).map(({ step }) => step));
    }
    steps.push(...book.tick(3000).map(({ step }) => step));
    expect(steps).toEqual(['raised', 'joined', 'joined', 'joined']);
    expect(book.alarms).toHaveLength(1);
    expect(book.alarms[0].members).toHaveLength(300);
    for (let device = 0; device < 299; device++) expect(book.end(`hall.${device}`, 'silent', 9000)).toEqual([]);
    expect(book.end('hall.299', 'silent', 9000).map(({ step }) => step)).toEqual(['cleared']);
  });

  test('of different kinds are different alarms', () => {
    expect(play('aS')).toBe('rr');
  });
});

describe('what lasts and is told to the book at every frame', () => {
  const dead = (book: AlarmManager, time: number, ...labels: string[]) =>
    book
      .report(
        'p',
        'dead',
        { ...finding(0, 'dead'), channels: labels.map((label) => ({ label, share: 1 / labels.length })) },
        time,
      )
      .map(({ step, alarm }) => `${step} ${alarm.id}`);
  const channels = (book: AlarmManager) => book.alarms[0].members[0].channels;

  test('is told once, again for each channel more, and raised again where it was acknowledged', () => {
    const book = new AlarmManager(times);
    expect(dead(book, 0, 'a')).toEqual(['raised 1']);
    expect(dead(book, 1000, 'a')).toEqual([]);
    book.acknowledge(1, 2000);
    expect(dead(book, 3000, 'b', 'a')).toEqual(['worsened 1']);
    expect(book.alarms).toMatchObject([{ state: 'raised', changed: 3000 }]);
    expect(channels(book).map(({ label }) => label)).toEqual(['b', 'a']);
    expect(dead(book, 4000, 'b')).toEqual([]);
    expect(channels(book)).toEqual([{ label: 'b', share: 1 }]);
  });

  test('and was cleared by hand is not told again while it lasts; another channel is, and the same one anew', () => {
    const book = new AlarmManager(times);
    dead(book, 0, 'a');
    book.clear(1, 1000);
    expect(dead(book, 2000, 'a')).toEqual([]);
    const restored = new AlarmManager(times);
    restored.restore(JSON.parse(JSON.stringify(book.save())));
    expect(dead(restored, 3000, 'b', 'a')).toEqual(['raised 2']);
    expect(channels(restored)).toEqual([{ label: 'b', share: 1 }]);
    expect(dead(restored, 4000, 'b')).toEqual([]);
    expect(dead(restored, 5000, 'b', 'a')).toEqual(['worsened 2']);
  });

  test('through maintenance is told when that is over, and what is to last for a while when it has', () => {
    const book = new AlarmManager({ ...times, least: 2000 });
    book.setMaintenance({ streams: '*', until: 5000 }, 0);
    const told = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((second) => dead(book, second * 1000, 'a').length > 0);
    expect(told).toEqual([7]);
  });
});

describe('maintenance', () => {
  test.each([
    ['drops what was pending before it', { least: 2000 }, 'amo----o', '--------'],
    ['hears nothing of what comes back', {}, 'acccma-----a', 'r--c-------r'],
    [
      'hears of no escalation and no end of shelving while what is wrong lasts',
      { escalateAfter: 3000 },
      'amooooooo',
      'r-----e--',
    ],
  ] as const)('%s', (_, options, diagram, steps) => {
    expect(play(diagram, options)).toBe(steps);
  });
});

describe('an alarm that is up', () => {
  const raised = () => {
    const book = new AlarmManager(times);
    book.report('p', 'unusual', finding(4), 0);
    book.acknowledge(1, 500);
    return book;
  };
  const steps = (book: AlarmManager, time: number, score: number, label: string) =>
    book.report('p', 'unusual', finding(score, 'surprise', label), time).map(({ step }) => step);

  test.each([
    ['ten times as rare', 5, 'a'],
    ['led by another channel', 4, 'b'],
  ])('is raised again, though acknowledged, by a finding that is %s, once', (_, score, label) => {
    const book = raised();
    expect(steps(book, 1000, score, label)).toEqual(['worsened']);
    expect(book.alarms[0]).toMatchObject({
      state: 'raised',
      changed: 1000,
      members: [{ cause: 'surprise', score, since: 0 }],
    });
    expect(book.alarms[0].members[0].channels[0].label).toBe(label);
    expect(steps(book, 2000, score, label)).toEqual([]);
    expect(steps(book, 2500, 4.5, 'a')).toEqual([]);
  });

  test('stays acknowledged by a finding that is like the one before', () => {
    const book = raised();
    expect(steps(book, 1000, 4.9, 'a')).toEqual([]);
    expect(book.alarms[0]).toMatchObject({ state: 'acknowledged', changed: 500 });
  });

  test('stays shelved by a worse one', () => {
    const book = raised();
    book.shelve(1, 9000, 1000);
    expect(steps(book, 2000, 9, 'b')).toEqual([]);
    expect(book.alarms[0]).toMatchObject({ state: 'shelved', changed: 2000, members: [{ score: 9 }] });
  });

  test('is shelved until a time to come', () => {
    expect(() => raised().shelve(1, 1000, 1000)).toThrow(
      new RangeError('until must be a time in the future, in ms since 1970, got 1000'),
    );
  });

  test('is kept for ten frames of its stream, however slow that is', () => {
    const book = new AlarmManager(times);
    const slow = { ...finding(), rate: 1 / 60 };
    book.report('p', 'unusual', slow, 0);
    for (let minute = 1; minute < 10; minute++) expect(book.reportNormal('p', 'unusual', minute * 60_000)).toEqual([]);
    expect(book.reportNormal('p', 'unusual', 600_000).map(({ step }) => step)).toEqual(['cleared']);
    expect(book.report('p', 'unusual', slow, 1_140_000).map(({ step }) => step)).toEqual(['returned']);
  });

  test('of another run has the window of that run', () => {
    const book = raised();
    book.report('p', 'unusual', { ...finding(4), window: { run: 2, from: 3, to: 3 } }, 1000);
    expect(book.alarms[0].members[0].window).toEqual({ run: 2, from: 3, to: 3 });
  });
});

describe('outages', () => {
  const names = Array.from({ length: 300 }, (_, device) => `hall.${device}`);

  test('a second one is told while one device is still out from the first', () => {
    const book = new AlarmManager();
    const silent = (devices: readonly string[], time: number) =>
      devices.flatMap((name) => book.report(name, 'silent', finding(0, 'silent'), time)).map(({ step }) => step);
    expect(silent(names, 0)).toEqual(['raised']);
    book.acknowledge(1, 1000);
    for (const name of names.slice(1)) book.end(name, 'silent', 2000);
    for (let time = 1000; time < 1e6; time += 1000) expect(silent(names.slice(0, 1), time)).toEqual([]);
    expect(silent(names, 1e6)).toEqual(['raised']);
    expect(book.alarms.map(({ members }) => members.filter(({ active }) => active).length)).toEqual([299, 1]);
  });

  test.each([
    ['five minutes', [300_000]],
    ['an hour', [3_600_000]],
    ['one, ten, sixty or three hundred seconds', [1000, 10_000, 60_000, 300_000]],
  ])('are one alarm, where devices send every %s', (_, periods) => {
    const chance = random(3);
    const [man, book] = [new NoSamplesMonitor(), new AlarmManager()];
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
          book.end(device.name, 'silent', time);
        }
      for (const { stream, last, interval } of man.staleStreams(time)) {
        const found = { ...finding(0, 'silent'), since: last, by: last + interval };
        steps.push(...book.report(stream, 'silent', found, time).map(({ step }) => step));
      }
      book.tick(time);
    }
    expect(steps.filter((step) => step === 'raised')).toEqual(['raised']);
    expect(book.alarms[0].members).toHaveLength(100);
  });

  test('that cannot have begun at one time are two', () => {
    const book = new AlarmManager();
    const found = (since: number, by: number) => ({ ...finding(0, 'silent'), since, by });
    book.report('p', 'silent', found(0, 10_000), 30_000);
    book.report('q', 'silent', found(16_000, 16_100), 31_000);
    expect(book.alarms).toHaveLength(2);
  });
});

describe('a book', () => {
  test('counts alarms and false alarms of every stream', () => {
    const book = new AlarmManager(times);
    play('abf---------a', {}, book);
    expect(book.counts).toEqual([
      { stream: 'q', alarms: 1, falseAlarms: 1 },
      { stream: 'p', alarms: 2, falseAlarms: 1 },
    ]);
  });

  test('goes on after it was saved as JSON and restored, at any moment, as if nothing had been', () => {
    const letter = fc.constantFrom(...'-aooccckxbdsSEf');
    fc.assert(
      fc.property(fc.array(letter, { minLength: 2, maxLength: 40 }), fc.nat(), (letters, cut) => {
        const at = cut % letters.length;
        const diagram = `a${letters.join('')}`;
        const whole = new AlarmManager({ ...times, cooldown: 0 });
        const steps = play(diagram, {}, whole);
        const before = new AlarmManager({ ...times, cooldown: 0 });
        const head = play(diagram.slice(0, at + 1), {}, before);
        const after = new AlarmManager({ ...times, cooldown: 0 });
        after.restore(JSON.parse(JSON.stringify(before.save())));
        const tail = play(diagram.slice(at + 1), {}, after, at + 1);
        expect(head + tail).toBe(steps);
        expect(after.save()).toEqual(whole.save());
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('counts a thousand streams, those of late', () => {
    const book = new AlarmManager({ together: 0 });
    for (let n = 0; n < 1030; n++) book.report(`s${n}`, 'unusual', finding(), n);
    expect(book.counts).toHaveLength(1024);
    expect(book.counts[0].stream).toBe('s6');
  });

  test('ends the alarms of a stream that is no more', () => {
    const book = new AlarmManager(times);
    play('aS', {}, book);
    expect(book.removeStream('p', 2000).map(({ step, alarm }) => `${step} ${alarm.kind}`)).toEqual([
      'cleared unusual',
      'cleared silent',
    ]);
  });

  test('remembers five hundred closed alarms, and every open one', () => {
    const book = new AlarmManager({ ...times, together: 0, cooldown: 0 });
    for (let n = 0; n < 600; n++) {
      book.report(`s${n}`, 'unusual', finding(), n * 10_000);
      if (n > 0) book.reportNormal(`s${n}`, 'unusual', n * 10_000 + 5000);
    }
    book.report('last', 'unusual', finding(), 1e7);
    expect(book.alarms).toHaveLength(502);
    expect(book.alarms.at(-1)).toMatchObject({ id: 1, state: 'raised' });
  });

  test('refuses options that are wrong', () => {
    expect(() => new AlarmManager({ calm: 0 })).toThrow('calm must be a number > 0 in ms, got 0');
    expect(() => new AlarmManager({ least: -1 })).toThrow('least must be a number >= 0, got -1');
  });
});
