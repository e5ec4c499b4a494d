import { Observable, type OperatorFunction, Subscriber } from 'rxjs';

/** A stateful processing step: `push` returns any number of outputs per value, and `flush` the last ones at the end. */
export interface Processor<In, Out> {
  /** Processes one value and returns its outputs, if any. */
  push(value: In): Out[];
  /** Returns the remaining outputs after the source has completed. */
  flush?(): Out[];
  /** Called after the outputs have been emitted, for work that can wait until then. */
  idle?(): void;
  /** @deprecated Use `idle`. */
  rest?(): void;
  /** Called after the end or on unsubscription: releases memory. */
  close?(): void;
}

/**
 * Creates an operator from a processor. Every subscription creates its own, so subscribers share nothing. The end of
 * the source flushes the processor; an error does not. Values that arrive while outputs are being emitted are queued,
 * so a re-entrant source keeps its order.
 *
 *     source  --1-----2-----3--|
 *             lift(() => processor)
 *     output  --a-----b-----c--(tail|)
 */
export function lift<In, Out>(make: () => Processor<In, Out>): OperatorFunction<In, Out> {
  return (source) =>
    new Observable((output) => {
      source.subscribe(new ProcessorSubscriber(output, make()));
    });
}

/**
 * Passes every value of the source to a processor and emits its outputs. Unsubscribes from the source with its output.
 */
class ProcessorSubscriber<In, Out> extends Subscriber<In> {
  readonly #output: Subscriber<Out>;
  readonly #processor: Processor<In, Out>;
  /** Values that arrived while outputs were being emitted. */
  readonly #queue: In[] = [];
  #emitting = false;
  /** Whether the source completed while outputs were being emitted. */
  #ended = false;

  constructor(output: Subscriber<Out>, processor: Processor<In, Out>) {
    super(output);
    this.#output = output;
    this.#processor = processor;
    if (processor.close) this.add(() => processor.close!());
  }

  protected override _next(value: In): void {
    if (this.#emitting) {
      this.#queue.push(value);
      return;
    }
    this.#emitting = true;
    this.#process(value);
    while (this.#queue.length > 0 && !this.closed) this.#process(this.#queue.shift()!);
    this.#emitting = false;
    if (this.#ended) this.#end();
  }

  protected override _complete(): void {
    if (this.#emitting) this.#ended = true;
    else this.#end();
  }

  #process(value: In): void {
    const processor = this.#processor;
    try {
      this.#emit(processor.push(value));
      if (this.closed) return;
      if (processor.idle) processor.idle();
      else processor.rest?.();
    } catch (error) {
      this.#fail(error);
    }
  }

  #end(): void {
    if (this.closed) return;
    try {
      this.#emit(this.#processor.flush?.() ?? []);
    } catch (error) {
      this.#fail(error);
    }
    if (!this.closed) super._complete();
  }

  #emit(outputs: readonly Out[]): void {
    for (const out of outputs) {
      if (this.closed) return;
      this.#output.next(out);
    }
  }

  #fail(error: unknown): void {
    if (!this.closed) super._error(error);
  }
}
