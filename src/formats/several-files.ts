import { byteReader, joinBytes, type ByteParser, type ByteReader } from './byte-reader.ts';
import type { CompanionFile, Recording, RecordingReader } from './recording.ts';

/** A companion file and the parser of its content, which is called when the file is read. */
export interface ParsedFile extends CompanionFile {
  parse(): ByteParser<void>;
}

/** A recording in several files, after its header was read. */
export interface SeveralFiles {
  /** The files in the order in which they are read. */
  readonly files: readonly ParsedFile[];
  /** The content of the recording, after all files were read. */
  recording(): Recording;
}

/**
 * Creates a reader of a recording that consists of a header and the files that the header names.
 *
 *     push header   next -> a.vmrk   push a.vmrk   next -> a.eeg   push a.eeg   next -> undefined   end
 */
export function severalFilesReader(open: (header: Uint8Array) => SeveralFiles): RecordingReader {
  const header: Uint8Array[] = [];
  let opened: SeveralFiles | undefined;
  let reader: ByteReader<void> | undefined;
  let read = 0;
  const next = () => {
    opened ??= open(joinBytes(header));
    reader?.end();
    const file = opened.files.at(read++);
    reader = file && byteReader(file.parse());
    return file;
  };
  return {
    push(bytes) {
      if (!opened) header.push(bytes.slice());
      else reader?.push(bytes);
    },
    next,
    end() {
      const recording = opened;
      const required = next();
      if (required && !required.optional)
        throw new Error(`the file is a header: the file '${required.name}' must be read after it`);
      if (required || !recording) return this.end();
      return recording.recording();
    },
  };
}

/** The name of a file without its directory, in the notation of any operating system: companions are beside the header. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? '';
}
