import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClientAddress } from '../../src/server/client-address.ts';
import { reservedOf, WaitingRoom } from '../../src/server/waiting-room.ts';

const from = (n: number): ClientAddress => ({ address: `${n}`, key: `${n}`, local: n === 0, proxy: false });

/** What happens: a connection of an address arrives, an earlier one leaves, or time passes. */
const events = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ type: fc.constant('add' as const), address: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('remove' as const), which: fc.nat(200) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('tick' as const) }) },
  ),
  { maxLength: 200 },
);

test('a waiting room is never overfull, and remote addresses neither fill it nor displace a loopback address', () => {
  fc.assert(
    fc.property(
      events,
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 10 }),
      (list, max, maxPerAddress) => {
        const inside = new Map<number, ClientAddress>();
        const out: string[] = [];
        let adding: ClientAddress | undefined;
        const room = new WaitingRoom<number>({
          max,
          maxPerAddress,
          patience: 5,
          turnOut: (item, by, reason) => {
            inside.delete(item);
            out.push(reason);
            if (reason === 'room' && by.local) expect(adding?.local ?? true).toBe(true);
          },
        });
        list.forEach((event, n) => {
          if (event.type === 'add') {
            adding = from(event.address);
            inside.set(n, adding);
            room.add(n, adding);
            adding = undefined;
          } else if (event.type === 'remove') expect(room.remove(event.which)).toBe(inside.delete(event.which));
          else room.tick();
          expect(room.size).toBe(inside.size);
          expect(room.size).toBeLessThanOrEqual(max);
          const remote = [...inside.values()].filter(({ local }) => !local);
          expect(remote.length).toBeLessThanOrEqual(max - reservedOf(max));
        });
        room.tick();
        room.tick();
        for (let address = 0; address <= 5; address++)
          expect([...inside.values()].filter(({ key }) => key === `${address}`).length).toBeLessThanOrEqual(
            maxPerAddress,
          );
        for (let ticks = 0; ticks < 6; ticks++) room.tick();
        expect(room.size).toBe(0);
        if (inside.size > 0) expect(out).toContain('late');
      },
    ),
    { seed: 3, numRuns: 300 },
  );
});

test('the oldest connection of the address with the most makes room for a new one', () => {
  const out: string[] = [];
  const room = new WaitingRoom<string>({
    max: 4,
    maxPerAddress: 4,
    patience: 5,
    turnOut: (item, _, reason) => out.push(`${item} ${reason}`),
  });
  for (const [item, address] of [
    ['a', 1],
    ['b', 2],
    ['c', 2],
    ['d', 3],
    ['e', 4],
    ['f', 1],
  ] as const)
    room.add(item, from(address));
  expect(out).toEqual(['b room', 'a room']);
});
