import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { random } from '../../src/core/random.ts';
import { readRecordingFile } from '../../src/sources/node/file.ts';
import { pythonWith } from '../python-with.ts';
import { sharedData } from '../shared-data.ts';
import { annotations, encodeEdf, list } from './encode-edf.ts';
import { encodeBrainvision } from './encode-brainvision.ts';
import { encodeGdf } from './encode-gdf.ts';

const directory = mkdtempSync(join(tmpdir(), 'tapline-mne-'));
afterAll(() => rmSync(directory, { recursive: true }));

const noise = random(7);
const between = (least: number, most: number) => least + Math.floor(noise.uniform() * (most - least + 1));
const records = (count: number, samples: number, most: number) =>
  Array.from({ length: count }, () => Array.from({ length: samples }, () => between(-most, most - 1)));
/** Signals with different scales. */
const signals = (channels: number, count: number, samples: number, most: number) =>
  Array.from({ length: channels }, (_, n) => {
    const low = -between(1, 9999);
    return { label: `s${n}`, physical: [low, low + between(1, 99_999)], records: records(count, samples, most) };
  });

const stored = (frames: number, channels: number) =>
  Array.from({ length: channels }, (_, n) => ({
    info: `c${n},,${[0.1, 0.5, 1][n % 3]},${['µV', 'mV', ''][n % 3]}`,
    stored: Array.from({ length: frames }, () => between(-30_000, 30_000)),
  }));
const markers = ['New Segment,,1,1,0,20230203040506250000', 'Stimulus,S  1,3,1,0', 'Comment,ä\\1 b,90,20,1'];
/** BrainVision: multiplexed integers, and floats channel by channel. */
const brainvision = {
  'integers.vhdr': encodeBrainvision({ channels: stored(1300, 5), markers }),
  'floats.vhdr': encodeBrainvision({
    format: 'IEEE_FLOAT_32',
    vectorized: true,
    channels: stored(700, 4),
    common: ['DataPoints=700'],
    interval: 5000,
    markers,
  }),
};

/** An EDF+ file with a date. */
const dated = (date: string, recording: string) =>
  encodeEdf({
    reserved: 'EDF+C',
    date,
    recording,
    signals: [
      ...signals(1, 3, 10, 2 ** 15),
      annotations(
        ['+0', '+1', '+2'].map((onset) => list(onset, [''])),
        20,
      ),
    ],
  });

/** Generated files by name. */
const made: Record<string, Uint8Array> = {
  'plain.edf': encodeEdf({ duration: 0.5, signals: signals(5, 40, 64, 2 ** 15) }),
  'plus.edf': encodeEdf({
    reserved: 'EDF+C',
    recording: 'Startdate 02-MAR-2004 X X X',
    signals: [
      ...signals(3, 12, 128, 2 ** 15),
      { label: 'slow', records: records(12, 1, 2 ** 15) },
      annotations(
        Array.from({ length: 12 }, (_, second) => {
          const own = list(`+${second}.25`, [`Ereignis ${second} ä`, '二'], second % 2 ? '0.5' : undefined);
          return list(`+${second}.125`, ['']) + own;
        }),
        120,
      ),
    ],
  }),
  'startdate.edf': dated('02.03.04', 'Startdate 24-APR-1989 X X X'),
  'german.edf': dated('02.03.10', 'Startdate 02-MRZ-2010 X X X'),
  'iso.edf': dated('02.03.10', 'Startdate 2010-03-02 X X X'),
  'anonymous.edf': dated('01.01.85', 'Startdate X X X X'),
  'undated.edf': dated('00.00.00', 'Startdate X X X X'),
  'drift.edf': encodeEdf({
    reserved: 'EDF+D',
    signals: [
      ...signals(2, 30, 50, 2 ** 15),
      annotations(
        Array.from({ length: 30 }, (_, n) => {
          const onset = (1.004 * n).toFixed(3);
          return list(`+${onset}`, ['']) + (n % 7 === 3 ? list(`+${onset}7`, ['x'], '0.0123') : '');
        }),
        60,
      ),
    ],
  }),
  'plain.bdf': encodeEdf({
    bdf: true,
    signals: [
      ...signals(4, 9, 100, 2 ** 23).map((signal) => ({ ...signal, digital: [-8388608, 8388607] })),
      {
        label: 'Status',
        records: Array.from({ length: 9 }, (_, second) =>
          Array.from({ length: 100 }, (_, n) => 0x18_0000 + (n >= 20 && n < 20 + second ? 1 + second : 0)),
        ),
      },
    ],
  }),
  'old.gdf': encodeGdf({
    start: new TextEncoder().encode('2012070619021600'),
    signals: signals(4, 50, 16, 2 ** 15).map((signal) => ({ ...signal, type: 3 })),
    mode: 3,
    eventRate: 16,
    events: Array.from({ length: 9 }, (_, n) => ({ position: 1 + 50 * n, type: 0x300 + n, duration: 3 * n })),
  }),
  'new.gdf': encodeGdf({
    version: '2.20',
    duration: [1, 32],
    signals: signals(3, 200, 8, 2 ** 30).map((signal) => ({ ...signal, type: 16 })),
    mode: 1,
    eventRate: 256,
    events: Array.from({ length: 9 }, (_, n) => ({ position: 7 + 150 * n, type: 0x500 + n })),
  }),
};
const real = [
  'edf/eegmmidb_64ch_128Hz_annotations.edf',
  'edf/test_utf8_annotations.edf',
  'edf/biosemi_73ch_2048Hz_1s.bdf',
  'ssvep/subject01-2012.07.06-19.02.16.gdf',
].flatMap((file) => sharedData(file) ?? []);

interface Expected {
  rate: number;
  labels: string[];
  /** ms since 1970; null if unknown. */
  time: number | null;
  /** Onset and duration in s, and the text. */
  annotations: [onset: number, duration: number, text: string][];
  triggers: [at: number, trigger: number][];
}

const python = pythonWith('mne');
describe.skipIf(!python)('what MNE-Python reads is read the same:', () => {
  const names = Object.keys(made);
  for (const name of names) writeFileSync(join(directory, name), made[name]);
  for (const [name, files] of Object.entries(brainvision)) {
    mkdirSync(join(directory, name));
    for (const [part, bytes] of Object.entries(files)) writeFileSync(join(directory, name, part), bytes);
  }
  const headers = Object.keys(brainvision).map((name) => join(directory, name, 'a.vhdr'));
  const files = [...names.map((name) => join(directory, name)), ...headers, ...real];
  const script = fileURLToPath(new URL('read-with-mne.py', import.meta.url));
  const lines = python
    ? execFileSync(python, [script, directory, ...files], { encoding: 'utf8' })
        .trim()
        .split('\n')
    : [];

  test.each(files.map((file, n) => [file.split('/').at(-1), file, n] as const))('%s', async (_, file, n) => {
    const expected = JSON.parse(lines[n]) as Expected;
    const bytes = readFileSync(join(directory, String(n)));
    const samples = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
    const recording = await readRecordingFile(file);

    expect(recording.rate).toBe(expected.rate);
    // MNE does not read fractions of a second, which EDF+ keeps with the first record
    if (recording.format === 'brainvision') expect(recording.time).toBe(expected.time);
    expect(Math.floor(recording.time / 1000)).toBe(Math.floor((expected.time ?? 0) / 1000));
    expect(recording.frames).toBe(samples.length / expected.labels.length);
    const places = recording.channels.map(({ label }) => expected.labels.indexOf(label));
    let worst = 0;
    for (const { data, channels, start } of recording.blocks)
      data.forEach((sample, i) => {
        const theirs = samples[(start + Math.floor(i / channels)) * expected.labels.length + places[i % channels]];
        worst = Math.max(worst, Math.abs(sample - theirs) / Math.max(Math.abs(theirs), 1e-30));
      });
    expect(worst).toBeLessThan(1e-6);

    // MNE leaves out what lies behind the last frame, gives events of GDF and BrainVision at least a frame, and triggers none
    const { format, marks = [], frames } = recording;
    const ours = marks.filter(({ at }) => at < frames);
    if (format === 'bdf') {
      expect(ours.map(({ at, label }) => [at, Number(label)])).toEqual(expected.triggers);
      return;
    }
    const isExact = format === 'edf' || format === 'brainvision';
    if (isExact)
      ours.forEach(({ time, label, duration = 0 }) => {
        const same = expected.annotations.filter(
          ([onset, , text]) => text.endsWith(label) && Math.abs(onset - (time - recording.time) / 1000) < 1e-6,
        );
        expect(same.length).toBeGreaterThan(0);
        if (format === 'edf') expect(same.map(([, seconds]) => seconds)).toContain(duration / 1000);
      });
    // MNE places the events of records that drift as if they did not
    if (file.endsWith('drift.edf')) return;
    const least = format === 'gdf' || format === 'brainvision' ? 1 : 0;
    const nameOf = (text: string) =>
      format === 'gdf'
        ? `0x${Number(text).toString(16).padStart(4, '0')}`
        : format === 'brainvision'
          ? text.replace(/^[^/]*\//, '')
          : text;
    const theirs = expected.annotations
      .filter(([, , text]) => text !== 'New Segment/')
      .map(([onset, duration, text]) => [
        Math.round(onset * expected.rate),
        Math.round(duration * expected.rate),
        nameOf(text),
      ]);
    expect(ours.length).toBe(theirs.length);
    expect(ours.map((mark) => [mark.at, Math.max(least, mark.frames ?? 0), mark.label])).toEqual(
      expect.arrayContaining(theirs),
    );
  });
});
