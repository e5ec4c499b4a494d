import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecording } from '../../src/formats/read-recording.ts';
import { annotations, encodeEdf, list } from './encode-edf.ts';
import { channelOf } from './read-in-pieces.ts';

/** A file of one record of 1 s; signal n with rate r has r samples of value n. */
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

describe('signals with different rates', () => {
  test('those with the rate that has the most samples are selected; the others are listed with their rates', () => {
    expect(readRecording(night)).toMatchObject({
      rate: 100,
      channels: [{ label: 'EEG Fpz-Cz' }, { label: 'EEG Pz-Oz' }, { label: 'EOG' }],
      notes: ['Skipped signals with another sampling rate: Resp (1 Hz), EMG (1 Hz), Temp (1 Hz), Event (1 Hz).'],
    });
    expect(labels(file({ Fp1: 256, Fp2: 256, O1: 256, O2: 256, Cz: 256, sound: 1024 }))).toEqual(
      expect.arrayContaining(['Fp1', 'Cz']),
    );
    expect(labels(file({ a: 4, b: 2, c: 2 }))).toEqual(['a']);
  });

  test('no other rate has more samples than that of the recording', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(1, 2, 4, 100, 128), { minLength: 1, maxLength: 12 }), (rates) => {
        const recording = readRecording(file(Object.fromEntries(rates.map((rate, n) => [`s${n}`, rate]))));
        const samples = (rate: number) => rate * rates.filter((each) => each === rate).length;
        expect(samples(recording.rate)).toBe(Math.max(...rates.map(samples)));
        const selected = rates.flatMap((rate, n) => (rate === recording.rate ? [n] : []));
        expect(recording.channels.map(({ label }) => label)).toEqual(selected.map((n) => `s${n}`));
        selected.forEach((n, channel) =>
          expect(channelOf(recording, channel)).toEqual(new Array<number>(recording.rate).fill(n)),
        );
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test('columns selects others with one rate, by name or number and in the given order', () => {
    expect(readRecording(night, { columns: ['Temp', 4] })).toMatchObject({
      rate: 1,
      channels: [{ label: 'Temp' }, { label: 'Resp' }],
      notes: [],
    });
    expect(() => labels(night, ['Resp', 'EOG'])).toThrow(
      "selected signals must be signals with the same sampling rate, got 'Resp (1 Hz), EOG (100 Hz)'",
    );
    expect(() => labels(night, ['Pz'])).toThrow(
      /^columns must be column names \(EEG Fpz-Cz, .*\) or numbers from 1 to 8/,
    );
  });
});
