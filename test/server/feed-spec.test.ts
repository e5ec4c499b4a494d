import { expect, test } from 'vitest';
import { defaultFeed } from '../../src/server/index.ts';

test('a stream that says it is EEG at any rate costs no more than a few kernels of 5 kHz', () => {
  const names = [25, 250, 5000, 5001, 1e9].map((rate) => {
    const channels = Array.from({ length: 32 }, (_, channel) => ({ label: `${channel}`, unit: 'uV' }));
    return defaultFeed({ name: 'a', channels, rate, kind: 'eeg' }).maps[0].name;
  });
  expect(names).toEqual(['trend and change', 'band power', 'band power', 'trend and change', 'trend and change']);
});
