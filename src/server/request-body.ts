import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** The reason why the body of a request is rejected, with an HTTP status. */
export class BodyError extends Error {
  readonly status: 400 | 413 | 415 | 503;

  constructor(status: 400 | 413 | 415 | 503, sentence: string) {
    super(sentence);
    this.name = 'BodyError';
    this.status = status;
  }
}

/** Limits the memory of all request bodies that are being read. */
export class BodyMemory {
  readonly #max: number;
  #held = 0;

  /** @param max maximum number of bytes */
  constructor(max: number) {
    this.#max = max;
  }

  /** Adds bytes. Returns false if there is no room for them. */
  allocate(bytes: number): boolean {
    if (this.#held + bytes > this.#max) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

const unzip = promisify(gunzip);

/**
 * Returns the body of a request as text, decompressed if it is in gzip. Neither more than `maxBytes` are read nor
 * decompressed.
 * @throws BodyError 413 for a larger body, 415 for another encoding, 400 for invalid gzip or UTF-8, 503 if other bodies occupy
 * the memory
 */
export async function readBody(request: Request, maxBytes: number, memory: BodyMemory): Promise<string> {
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (!['identity', 'gzip', 'x-gzip'].includes(encoding))
    throw new BodyError(415, `Content-Encoding must be gzip or absent, got ${encoding.slice(0, 40)}`);
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const bytes = await readUpTo(request, maxBytes, memory);
  const content = encoding === 'identity' ? bytes : await decompress(bytes, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new BodyError(400, 'body must be UTF-8 text, got invalid UTF-8');
  }
}

async function readUpTo(request: Request, maxBytes: number, memory: BodyMemory): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    if (request.body)
      for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
        if (size + chunk.byteLength > maxBytes) throw tooLarge(maxBytes);
        if (!memory.allocate(chunk.byteLength)) throw new BodyError(503, noMemory);
        size += chunk.byteLength;
        chunks.push(chunk);
      }
    return Buffer.concat(chunks);
  } finally {
    memory.release(size);
  }
}

const noMemory = 'The server receives too many large requests at once. Try again later.';

async function decompress(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await unzip(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new BodyError(400, 'body must be valid gzip, because Content-Encoding is gzip');
  }
}

function tooLarge(maxBytes: number): BodyError {
  return new BodyError(413, `body must be at most ${maxBytes} bytes (maxText), before and after decompression`);
}
