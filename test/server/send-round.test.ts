import { expect, test } from 'vitest';
import { SendRound } from '../../src/server/send-round.ts';

test('prepares the messages of all members before it sends the first one, each member once', async () => {
  const calls: string[] = [];
  const member = (name: string) => ({
    take: () => {
      calls.push(`take ${name}`);
      return () => calls.push(`send ${name}`);
    },
  });
  const [a, b] = [member('a'), member('b')];
  const round = new SendRound();
  for (const each of [a, b, a]) round.add(each);
  expect(calls).toEqual([]);
  await Promise.resolve();
  expect(calls).toEqual(['take a', 'take b', 'send a', 'send b']);
  round.add(b);
  await Promise.resolve();
  expect(calls.slice(4)).toEqual(['take b', 'send b']);
});
