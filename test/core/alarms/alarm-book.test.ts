import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AlarmBook } from '../../../src/core/alarms/alarm-book.ts';
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
    const book = new AlarmBook(times);
    expect(play('abccccbdd-d', {}, book)).toBe('rj----e---c');
    expect(book.alarms).toMatchObject([{ state: 'cleared', members: [{ stream: 'p' }, { stream: 'q' }] }]);
  });

  test('that begin together are two when the first is acknowledged already', () => {
    expect(play('ab')).toBe('rj');
    expect(play('akb', { together: 2000 })).toBe('rkr');
  });

  test('that begin later are two', () => {
    const book = new AlarmBook(times);
    expect(play('a--b', {}, book)).toBe('r--r');
    expect(book.alarms.map(({ members }) => members.map(({ stream }) => stream))).toEqual([['q'], ['p']]);
  });

  test('three hundred devices behind a gateway that fails within seconds are one alarm of few messages', () => {
    const book = new AlarmBook();
    const steps: string[] = [];
    for (let device = 0; device < 300; device++) {
      const time = device * 10;
      steps.push(...book.alarm(`hall.${device}`, 'silent', finding(0, 'silent'), time).map(({ step }) => step));
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

describe('a book', () => {
  test('counts alarms and false alarms of every stream', () => {
    const book = new AlarmBook(times);
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
        const whole = new AlarmBook({ ...times, cooldown: 0 });
        const steps = play(diagram, {}, whole);
        const before = new AlarmBook({ ...times, cooldown: 0 });
        const head = play(diagram.slice(0, at + 1), {}, before);
        const after = new AlarmBook({ ...times, cooldown: 0 });
        after.restore(JSON.parse(JSON.stringify(before.save())));
        const tail = play(diagram.slice(at + 1), {}, after, at + 1);
        expect(head + tail).toBe(steps);
        expect(after.save()).toEqual(whole.save());
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('counts a thousand streams, those of late', () => {
    const book = new AlarmBook({ together: 0 });
    for (let n = 0; n < 1030; n++) book.alarm(`s${n}`, 'unusual', finding(), n);
    expect(book.counts).toHaveLength(1024);
    expect(book.counts[0].stream).toBe('s6');
  });

  test('ends the alarms of a stream that is no more', () => {
    const book = new AlarmBook(times);
    play('aS', {}, book);
    expect(book.forget('p', 2000).map(({ step, alarm }) => `${step} ${alarm.kind}`)).toEqual([
      'cleared unusual',
      'cleared silent',
    ]);
  });

  test('remembers five hundred closed alarms, and every open one', () => {
    const book = new AlarmBook({ ...times, together: 0, cooldown: 0 });
    for (let n = 0; n < 600; n++) {
      book.alarm(`s${n}`, 'unusual', finding(), n * 10_000);
      if (n > 0) book.calm(`s${n}`, 'unusual', n * 10_000 + 5000);
    }
    book.alarm('last', 'unusual', finding(), 1e7);
    expect(book.alarms).toHaveLength(502);
    expect(book.alarms.at(-1)).toMatchObject({ id: 1, state: 'raised' });
  });

  test('refuses options that are wrong', () => {
    expect(() => new AlarmBook({ calm: 0 })).toThrow('calm must be a number > 0 in ms, got 0');
    expect(() => new AlarmBook({ least: -1 })).toThrow('least must be a number >= 0, got -1');
  });
});
