import type { Recording, RecordingReader } from './recording.ts';

/** What a reader makes of a whole file: its bytes, or its text. */
export function readWhole(reader: RecordingReader, content: string | Uint8Array): Recording {
  reader.push(typeof content === 'string' ? new TextEncoder().encode(content) : content);
  return reader.end();
}
