import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { writeAll, type OutputFile } from './output-file.ts';
import { targetFault } from './target-file.ts';
import { UsageError } from './usage-error.ts';

const lineEnd = 10;

/**
 * Opens a file to go on where it ends: a new one gets `header`; of one that is there the header must be the same, and a
 * last line that a kill cut short is cut off. Every `write` is handed to the system before it returns, so that a process
 * that is killed leaves every whole line. Throws a UsageError whose sentence begins with the path.
 */
export function appendFile(path: string, header: string): OutputFile {
  const file = opened(path);
  const size = fstatSync(file).size;
  const whole = size === 0 ? 0 : endOfLastLine(file, size);
  if (whole > 0 && firstBytes(file, Buffer.byteLength(header)) !== header) {
    closeSync(file);
    throw new UsageError(`${path} holds something else already; name a new file`);
  }
  if (whole < size) ftruncateSync(file, whole);
  if (whole === 0) writeAll(file, header);
  return { write: (text) => writeAll(file, text), close: () => closeSync(file) };
}

function opened(path: string): number {
  try {
    return openSync(path, 'a+');
  } catch (error) {
    throw targetFault(path, error);
  }
}

function firstBytes(file: number, count: number): string {
  const bytes = Buffer.alloc(count);
  return bytes.toString('utf8', 0, readSync(file, bytes, 0, count, 0));
}

/** How many bytes the whole lines take. */
function endOfLastLine(file: number, size: number): number {
  const piece = Buffer.alloc(65536);
  for (let end = size; end > 0;) {
    const from = Math.max(0, end - piece.length);
    const read = readSync(file, piece, 0, end - from, from);
    const last = piece.lastIndexOf(lineEnd, read - 1);
    if (last >= 0 && last < read) return from + last + 1;
    end = from;
  }
  return 0;
}
