import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Task, WorkScheduler } from '../../src/server/work-scheduler.ts';

/** A scheduler whose turns are started by the test, with what was done in each turn. */
function manualScheduler(turn: number, now = () => 0) {
  const deferred: (() => void)[] = [];
  const scheduler = new WorkScheduler({ turn, now, defer: (work) => deferred.push(work) });
  return {
    scheduler,
    /** Performs the next turn; returns false if there is none. */
    next: () => {
      const work = deferred.shift();
      work?.();
      return work !== undefined;
    },
  };
}

function* slices(name: string, costs: readonly number[], done: string[]): Task {
  for (const cost of costs) {
    done.push(name);
    yield cost;
  }
}

describe('a work scheduler', () => {
  test('does work at once while there is nothing else to do', () => {
    const { scheduler } = manualScheduler(100);
    const done: string[] = [];
    scheduler.start(slices('a', [10, 10], done));
    expect(done).toEqual(['a', 'a']);
  });

  test('ends a turn whose slices take longer than estimated', () => {
    let time = 0;
    const { scheduler, next } = manualScheduler(10_000_000, () => time);
    let done = 0;
    function* slow(): Task {
      for (let i = 0; i < 10; i++) {
        done++;
        time += 4;
        yield 1000;
      }
    }
    scheduler.start(slow());
    expect(done).toBe(3);
    next();
    expect(done).toBe(6);
    while (next());
    expect(done).toBe(10);
  });

  test('exceeds the cost of a turn by less than one slice, performs every slice, and takes turns', () => {
    const costs = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(costs, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 200 }), (lists, turn) => {
        const { scheduler, next } = manualScheduler(turn);
        const done: string[] = [];
        let spent = 0;
        const isBounded = () => {
          expect(spent).toBeLessThan(turn + 50);
          spent = 0;
        };
        function* counted(name: string, list: readonly number[]): Task {
          for (const cost of slices(name, list, done)) {
            spent += cost as number;
            yield cost;
          }
        }
        scheduler.start(
          (function* (): Task {
            // started in a task, they begin together
            lists.forEach((list, i) => {
              scheduler.start(counted(String(i), list));
            });
            yield 0;
          })(),
        );
        isBounded();
        while (next()) isBounded();
        lists.forEach((list, i) => {
          expect(done.filter((name) => name === String(i))).toHaveLength(list.length);
        });
        // between two slices of a task, each of the others performs at most one
        for (let from = 0; from < done.length; from++) {
          const to = done.indexOf(done[from], from + 1);
          const between = done.slice(from + 1, to < 0 ? done.length : to);
          if (to > 0) expect(new Set(between).size).toBe(between.length);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('continues other tasks while one waits, and goes on after one that failed', async () => {
    const { scheduler, next } = manualScheduler(100);
    const done: string[] = [];
    let resolve = () => {};
    const waiting = scheduler.run(
      (function* (): Task<number> {
        yield new Promise<void>((settle) => {
          resolve = settle;
        });
        done.push('waited');
        return 1;
      })(),
    );
    const failing = scheduler.run(
      (function* (): Task {
        yield 1;
        throw new Error('broken');
      })(),
    );
    scheduler.start(slices('b', [1, 1], done));
    await expect(failing).rejects.toThrow('broken');
    while (next());
    expect(done).toEqual(['b', 'b']);
    resolve();
    await expect(waiting).resolves.toBe(1);
    expect(done).toEqual(['b', 'b', 'waited']);
  });
});
