import type { HistoryMessage, HistoryRequest } from '../protocol/history-message.ts';
import type { ErrorMessage } from '../protocol/ingest-reply.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { readHistory } from './recording-query.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** Maximum number of unanswered requests of a viewer. */
const maxRequests = 16;

/** The output to the viewer. */
export interface HistoryOutput {
  /** Whether the next answer can be sent, because no earlier one is waiting. */
  readonly ready: () => boolean;
  readonly send: (message: HistoryMessage | ErrorMessage) => void;
}

/**
 * Answers the `history` requests of a viewer one at a time, in their order, each with one message. The next request is read
 * only when the answer before it is on its way, so that a slow viewer does not make the server hold several answers.
 */
export class HistoryRequests {
  readonly #registry: StreamRegistry;
  readonly #output: HistoryOutput;
  readonly #waiting: HistoryRequest[] = [];
  #current: HistoryRequest | undefined;
  #closed = false;

  constructor(registry: StreamRegistry, output: HistoryOutput) {
    this.#registry = registry;
    this.#output = output;
  }

  /**
   * Adds a request.
   * @throws ProtocolError if its id is in use, or too many requests wait
   */
  add(request: HistoryRequest): void {
    const { id } = request;
    if (this.#current?.id === id || this.#waiting.some((other) => other.id === id))
      throw new ProtocolError('same-id', `id must not be the id of an unanswered history request, got ${id}`);
    if (this.#waiting.length + (this.#current ? 1 : 0) >= maxRequests)
      throw new ProtocolError(
        'too-many-requests',
        `unanswered history requests must be at most ${maxRequests}. Wait for an answer.`,
        id,
      );
    this.#waiting.push(request);
    this.next();
  }

  /** Starts to answer the next request, if there is one and the viewer is ready. */
  next(): void {
    if (this.#closed || this.#current || !this.#output.ready()) return;
    this.#current = this.#waiting.shift();
    if (this.#current) void this.#answer(this.#current);
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  async #answer(request: HistoryRequest): Promise<void> {
    const message = await this.#read(request).catch((error: unknown) => {
      this.#registry.log(`stream ${request.stream}: could not read its recording: ${String(error)}`);
      const sentence = 'The recording cannot be read. See the log of the server.';
      return errorOf(request, new ProtocolError('unreadable-recording', sentence));
    });
    this.#current = undefined;
    if (!this.#closed) this.#output.send(message);
    this.next();
  }

  async #read(request: HistoryRequest): Promise<HistoryMessage | ErrorMessage> {
    const { id, stream } = request;
    const { recordings } = this.#registry;
    const found = await readHistory(recordings, stream, request);
    if (!('error' in found)) return { type: 'history', id, ...found };
    if (found.status === 503) return errorOf(request, new ProtocolError('too-many-requests', found.error));
    if (this.#registry.feed(stream)) return errorOf(request, new ProtocolError('not-recorded', found.error));
    const unknown = `stream must be the name of a listed or a recorded stream, got ${stream}`;
    return errorOf(request, new ProtocolError('unknown-stream', unknown));
  }
}

function errorOf({ id }: HistoryRequest, { code, message }: ProtocolError): ErrorMessage {
  return { type: 'error', code, message, id };
}
