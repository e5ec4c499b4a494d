import { expect, test } from 'vitest';
import { defaultFeed } from '../../src/server/index.ts';

test('the cost of a stream declared as EEG is limited at any sampling rate', () => {
  const names = [25, 250, 5000, 5001, 1e9].map((rate) => {
    const channels = Array.from({ length: 32 }, (_, channel) => ({ label: `${channel}`, unit: 'uV' }));
    return defaultFeed({ name: 'a', channels, rate, kind: 'eeg' }).maps[0].name;
  });
  expect(names).toEqual(['trend and change', 'band power', 'band power', 'trend and change', 'trend and change']);
});

test('a stream is treated as EEG by the last word of its kind, or by its unit and sampling rate', () => {
  const map = (kind: string | undefined, unit: string) =>
    defaultFeed({ name: 'a', channels: [{ label: 'x', unit }], rate: 100, kind }).maps[0].name;
  expect(['eeg', 'EEG', 'simulated eeg'].map((kind) => map(kind, 'mV'))).toEqual(Array(3).fill('band power'));
  expect(map(undefined, 'uV')).toBe('band power');
  expect([undefined, 'eeg cap', 'ieeg'].map((kind) => map(kind, 'mV'))).toEqual(Array(3).fill('trend and change'));
});
