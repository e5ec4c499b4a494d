import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecording } from '../../src/formats/read-recording.ts';
import { annotations, encodeEdf, list } from './encode-edf.ts';
import { channelOf } from './read-in-pieces.ts';

/** A file of one record of 1 s; signal n of rate r holds r samples of n. */
const file = (rates: Record<string, number>) =>
  encodeEdf({
    signals: [
      ...Object.entries(rates).map(([label, rate], n) => ({
        label,
        physical: [-32768, 32767],
        records: [new Array<number>(rate).fill(n)],
      })),
      annotations([list('+0', [''])], 20),
    ],
  });
const night = file({ 'EEG Fpz-Cz': 100, 'EEG Pz-Oz': 100, EOG: 100, Resp: 1, EMG: 1, Temp: 1, Event: 1 });
const labels = (bytes: Uint8Array, columns?: (string | number)[]) =>
  readRecording(bytes, { columns }).channels.map(({ label }) => label);

describe('of signals at several rates', () => {
  test('those are taken that bring the most samples; what is left out is told with its rate', () => {
    expect(readRecording(night)).toMatchObject({
      rate: 100,
      channels: [{ label: 'EEG Fpz-Cz' }, { label: 'EEG Pz-Oz' }, { label: 'EOG' }],
      notes: [
        'left out, of another rate (take them with --columns): Resp (1 Hz), EMG (1 Hz), Temp (1 Hz), Event (1 Hz)',
      ],
    });
    expect(labels(file({ Fp1: 256, Fp2: 256, O1: 256, O2: 256, Cz: 256, sound: 1024 }))).toEqual(
      expect.arrayContaining(['Fp1', 'Cz']),
    );
    expect(labels(file({ a: 4, b: 2, c: 2 }))).toEqual(['a']);
  });

  test('the recording has one rate, and no other rate brings more samples', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(1, 2, 4, 100, 128), { minLength: 1, maxLength: 12 }), (rates) => {
        const recording = readRecording(file(Object.fromEntries(rates.map((rate, n) => [`s${n}`, rate]))));
        const samples = (rate: number) => rate * rates.filter((each) => each === rate).length;
        expect(samples(recording.rate)).toBe(Math.max(...rates.map(samples)));
        const taken = rates.flatMap((rate, n) => (rate === recording.rate ? [n] : []));
        expect(recording.channels.map(({ label }) => label)).toEqual(taken.map((n) => `s${n}`));
        taken.forEach((n, channel) =>
          expect(channelOf(recording, channel)).toEqual(new Array<number>(recording.rate).fill(n)),
        );
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test('others are taken by name or by number, of one rate and in the order asked for', () => {
    expect(readRecording(night, { columns: ['Temp', 4] })).toMatchObject({
      rate: 1,
      channels: [{ label: 'Temp' }, { label: 'Resp' }],
      notes: [],
    });
    expect(() => labels(night, ['Resp', 'EOG'])).toThrow(
      "signals to take must be of one rate, got 'Resp (1 Hz), EOG (100 Hz)'",
    );
    expect(() => labels(night, ['Pz'])).toThrow(
      /^columns must be names or numbers \(1-8\) of the columns EEG Fpz-Cz, /,
    );
  });
});
