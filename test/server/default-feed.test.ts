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

test('streams of one shape share the networks of their feature maps, and keep their own labels', () => {
  const map = (label: string, rate: number) =>
    defaultFeed({ name: label, channels: [{ label, unit: 'uV' }], rate, kind: 'eeg' }).maps[0];
  const [first, second, faster] = [map('a', 250), map('b', 250), map('a', 500)];
  expect(second.network).toBe(first.network);
  expect(faster.network).not.toBe(first.network);
  expect([first, second].map(({ labels }) => labels[0].split(' ').at(-1))).toEqual(['a', 'b']);
  for (let hz = 100; hz < 164; hz++) map('a', hz);
  expect(map('a', 250).network).not.toBe(first.network);
});
