import { readFileSync } from 'node:fs';
import { Observable } from 'rxjs';

const ctrlC = 3;

/**
 * Emits when a key is pressed on the terminal; undefined if there is none. While it is subscribed, keys are read without
 * Enter, and Ctrl-C sends SIGINT, as usual.
 */
export function keyPresses(): Observable<void> | undefined {
  const { stdin } = process;
  if (!stdin.isTTY || !isForeground()) return undefined;
  return new Observable((subscriber) => {
    const pressed = (bytes: Uint8Array) => {
      if (bytes.includes(ctrlC)) process.kill(process.pid, 'SIGINT');
      else subscriber.next();
    };
    stdin.setRawMode(true).on('data', pressed).resume();
    return () => void stdin.off('data', pressed).setRawMode(false).pause();
  });
}

/** Whether the terminal belongs to this process: reading from it would stop a background job. Known on Linux only. */
function isForeground(): boolean {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [group, foreground] = [fields[2], fields[5]];
    return group === foreground;
  } catch {
    return true;
  }
}
