import { describe, expect, test } from 'vitest';
import { progress } from '../../src/cli/progress.ts';

function terminal(isTTY: boolean, columns = 20) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}

describe('a progress line', () => {
  test('is one line that is rewritten, at most ten times per second and no wider than the terminal', () => {
    const screen = terminal(true);
    let now = 1000;
    const line = progress(screen, () => now);
    line.show('10%');
    now += 50;
    line.show('11%');
    now += 50;
    line.show('12% of a very long piece of work');
    line.clear();
    expect(screen.written).toEqual(['\r\u001b[K10%', '\r\u001b[K12% of a very long ', '\r\u001b[K']);
  });

  test('writes nothing if there is no terminal', () => {
    const log = terminal(false);
    const line = progress(log, () => 0);
    line.show('10%');
    line.clear();
    expect(log.written).toEqual([]);
  });

  test('that was never shown is not cleared', () => {
    const screen = terminal(true);
    progress(screen, () => 0).clear();
    expect(screen.written).toEqual([]);
  });
});
