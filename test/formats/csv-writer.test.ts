import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frameCount, timeOf } from '../../src/core/blocks/block.ts';
import { csvWriter, shortest } from '../../src/formats/csv/csv-writer.ts';
import { readCsv } from '../../src/formats/csv/csv.ts';
import { anyText } from './any-text.ts';
import { readWrittenCsv } from './read-written-csv.ts';

const float32 = fc.integer({ min: 0, max: 0xffffffff }).map((bits) => new Float32Array(Uint32Array.of(bits).buffer)[0]);

test('a sample is printed in the shortest form that is read back as the same number', () => {
  expect([0.1, 1.5, -61379.36, 1e-45, 16777216, 3.4028235e38, 0, -0].map((x) => shortest(Math.fround(x)))).toEqual([
    '0.1',
    '1.5',
    '-61379.36',
    '1e-45',
    '16777216',
    '3.4028235e+38',
    '0',
    '-0',
  ]);
  fc.assert(
    fc.property(float32, (sample) => {
      const text = shortest(sample);
      expect(Object.is(Math.fround(Number(text)), sample)).toBe(true);
      const digits = text
        .replace(/e.*$/, '')
        .replace(/[^0-9]/g, '')
        .replace(/^0+|0+$/g, '').length;
      if (Number.isFinite(sample) && digits > 1)
        expect(Math.fround(Number(sample.toPrecision(digits - 1)))).not.toBe(sample);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

describe('the CSV writer', () => {
  const writer = csvWriter([{ label: 'a,"b"' }, 'c']);
  const blockOf = (start: number, data: number[]) => ({
    data: Float32Array.from(data),
    channels: 2,
    start,
    rate: 128,
    time: 1_500_000_000_000 + (start * 1000) / 128,
  });

  test('writes a header and one line per frame with an ISO time', () => {
    expect(writer.header()).toBe('time,"a,""b""",c\n');
    expect(writer.rows(blockOf(0, [1, 0.1, NaN, -2.5]))).toBe(
      '2017-07-14T02:40:00.000000Z,1,0.1\n2017-07-14T02:40:00.007813Z,NaN,-2.5\n',
    );
  });

  test('writes labels, rate, time, and gaps that are read back bit for bit', () => {
    fc.assert(
      fc.property(fc.array(float32, { minLength: 40, maxLength: 40 }), (samples) => {
        const blocks = [blockOf(0, samples.slice(0, 20)), blockOf(13, samples.slice(20))];
        const read = readCsv(writer.header() + blocks.map((block) => writer.rows(block)).join(''), {
          columns: ['a,"b"', 'c'],
        });
        expect(read.channels).toEqual([{ label: 'a,"b"' }, { label: 'c' }]);
        expect(read).toMatchObject({ rate: 128, time: 1_500_000_000_000, frames: 20, lost: 3 });
        expect(read.blocks.map((block) => block.start)).toEqual([0, 13]);
        const finite = samples.map((sample) => (Number.isFinite(sample) ? sample : NaN));
        expect(read.blocks.flatMap((block) => [...block.data])).toEqual(finite);
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test('rejects blocks with another number of channels', () => {
    expect(() => writer.rows({ ...blockOf(0, [1, 2, 3]), channels: 3 })).toThrow('block.channels must be 2, got 3');
  });
});

describe('the CSV writer with a rate and events', () => {
  const channels = [{ label: 'Oz', unit: 'µV' }, { label: '=x' }];
  const writer = csvWriter(channels, { rate: 250, kind: 'eeg', events: true });
  const time = Date.UTC(2025, 2, 1, 12);

  test('writes a description, units in the header, and events without samples', () => {
    const data = Float32Array.of(1.5, NaN);
    const text = [
      writer.header(),
      writer.rows({ data, channels: 2, start: 0, rate: 250, time }),
      writer.event({ time: time + 1.25, label: 'eyes, closed', duration: 2500 }),
      writer.event({ time: time + 0.9999, label: '' }),
    ];
    expect(text.join('')).toBe(
      `# tapline: {"kind":"eeg","rate":250,"channels":[{"label":"Oz","unit":"µV"},{"label":"=x"}]}
time,Oz (µV),'=x,event,duration
2025-03-01T12:00:00.000000Z,1.5,NaN,,
2025-03-01T12:00:00.001250Z,,,"eyes, closed",2.5
2025-03-01T12:00:00.001000Z,,,,
`,
    );
  });

  test('loses nothing: any labels, units, kinds, events, gaps, and samples', () => {
    const channel = fc.record({ label: anyText, unit: anyText });
    const block = fc.record({ lost: fc.nat(1000), samples: fc.array(float32, { maxLength: 12 }) });
    const event = fc.record({
      at: fc.integer({ min: 0, max: 1e9 }),
      label: anyText,
      duration: fc.option(fc.integer({ min: 0, max: 1e7 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(channel, { minLength: 1, maxLength: 4 }),
        fc.option(anyText, { nil: undefined }),
        fc.constantFrom(0, 0.1, 128, 250, 44_100),
        fc.array(fc.oneof(block, event), { maxLength: 8 }),
        (described, kind, rate, parts) => {
          const writer = csvWriter(described, { rate, kind, events: true });
          const frames: { index: number; time: number; samples: number[] }[] = [];
          const events: { time: number; label: string; duration?: number }[] = [];
          let text = writer.header();
          let start = 0;
          for (const part of parts) {
            if ('label' in part) {
              const { at, label, duration } = part;
              events.push({ time: time + at / 1000, label, ...(duration !== undefined && { duration }) });
              text += writer.event(events[events.length - 1]);
              continue;
            }
            start += part.lost;
            const count = Math.floor(part.samples.length / described.length);
            const data = Float32Array.from(part.samples.slice(0, count * described.length));
            const block = {
              data,
              channels: described.length,
              start,
              rate,
              time: time + (rate > 0 ? (1000 * start) / rate : start),
            };
            text += writer.rows(block);
            for (let frame = 0; frame < count; frame++)
              frames.push({
                index: start + frame,
                time: timeOf(block, start + frame),
                samples: [...data.subarray(frame * block.channels, (frame + 1) * block.channels)],
              });
            start += count;
          }
          const read = readWrittenCsv(Buffer.from(text, 'utf8').toString('utf8'));
          expect(read.preamble).toEqual({
            ...(kind !== undefined && { kind }),
            rate,
            channels: described.map(({ label, unit }) => (unit === '' ? { label } : { label, unit })),
          });
          expect(read.head).toEqual([
            'time',
            ...described.map(({ label, unit }) => (unit === '' ? label : `${label} (${unit})`)),
            'event',
            'duration',
          ]);
          expect(read.frames.map(({ samples }) => samples)).toEqual(frames.map(({ samples }) => samples));
          expect(read.events.map(({ label, duration }) => ({ label, duration }))).toEqual(
            events.map(({ label, duration }) => ({ label, duration })),
          );
          for (const [i, each] of [...read.frames, ...read.events].entries())
            expect(Math.abs(each.time - [...frames, ...events][i].time)).toBeLessThan(0.001);

          if (frames.length + events.length === 0) return;
          const recording = readCsv(text);
          expect(recording.kind).toBe(kind);
          expect(recording.channels).toEqual(read.preamble?.channels);
          const finite = frames.flatMap(({ samples }) => samples.map((x) => (Number.isFinite(x) ? x : NaN)));
          expect(recording.blocks.flatMap(({ data }) => [...data])).toEqual(finite);
          const times = recording.blocks.flatMap((block) =>
            Array.from({ length: frameCount(block) }, (_, i) => timeOf(block, block.start + i)),
          );
          const indexes = recording.blocks.flatMap((block) =>
            Array.from({ length: frameCount(block) }, (_, i) => block.start + i),
          );
          if (rate > 0) expect(indexes).toEqual(frames.map(({ index }) => index - frames[0].index));
          for (const [i, each] of frames.entries())
            if (rate > 0 || each.time !== frames.at(i - 1)?.time || i === 0)
              expect(Math.abs(times[i] - each.time)).toBeLessThan(0.002);
          expect(recording.lost).toBe(rate > 0 ? (indexes.at(-1) ?? -1) + 1 - frames.length : 0);
          const ordered = [...events].sort((a, b) => a.time - b.time);
          expect(recording.marks?.map(({ time }) => Math.round(time * 1000))).toEqual(
            ordered.map(({ time }) => Math.round(time * 1000)),
          );
          const named = (all: readonly { label: string; duration?: number }[] = []) =>
            all.map(({ label, duration }) => `${duration || 0} ${label}`).sort();
          expect(named(recording.marks)).toEqual(named(events));
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  test('rejects events without columns for them, and a wrong rate', () => {
    expect(() => csvWriter(['a']).event({ time, label: 'x' })).toThrow('must be created with events: true');
    expect(() => csvWriter(['a'], { rate: -1 })).toThrow('rate must be a number >= 0, got -1');
  });
});
