import { concat, concatMap, defer, finalize, Observable, type ObservableInput, type OperatorFunction } from 'rxjs';

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
    defer(() => {
      const processor = make();
      return concat(
        source.pipe(concatMap((value) => withIdle(processor, processor.push(value)))),
        defer(() => processor.flush?.() ?? []),
      ).pipe(finalize(() => processor.close?.()));
    });
}

/** Emits the values, then calls `idle` if the processor has it. */
function withIdle<In, Out>(processor: Processor<In, Out>, values: Out[]): ObservableInput<Out> {
  if (!processor.idle && !processor.rest) return values;
  const rest = new Observable<never>((subscriber) => {
    if (processor.idle) processor.idle();
    else processor.rest?.();
    subscriber.complete();
  });
  return concat(values, rest);
}
