import { expect, test } from 'vitest';
import { RejectedConnections } from '../../src/server/rejected-connections.ts';

test('the first rejection of a reason is logged at once, and the others as one line every 10 s', () => {
  const lines: string[] = [];
  const rejected = new RejectedConnections((line) => lines.push(line));
  expect(rejected.counts).toBeUndefined();
  for (let ms = 0; ms < 25_000; ms += 10) {
    rejected.add('too-many-viewers', '203.0.113.5', `full ${ms}`, ms);
    if (ms % 1000 === 0) rejected.tick(ms);
  }
  rejected.add('no-hello', '', 'late', 25_000);
  for (const ms of [26_000, 30_000, 31_000, 60_000]) rejected.tick(ms);
  expect(lines).toEqual([
    'rejected a connection from 203.0.113.5: full 0 (too-many-viewers)',
    'rejected 1000 connections in the last seconds; the last one from 203.0.113.5: full 10000 (too-many-viewers)',
    'rejected 1000 connections in the last seconds; the last one from 203.0.113.5: full 20000 (too-many-viewers)',
    'rejected a connection from unknown address: late (no-hello)',
    'rejected 499 connections in the last seconds; the last one from 203.0.113.5: full 24990 (too-many-viewers)',
  ]);
  expect(rejected.counts).toEqual({ 'too-many-viewers': 2500, 'no-hello': 1 });
});
