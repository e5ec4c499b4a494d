import { concat, concatMap, defer, finalize, Observable, type ObservableInput, type OperatorFunction } from 'rxjs';

/** A machine with memory: takes one value, gives none, one or several; at the end it may give what it still holds. */
export interface Processor<In, Out> {
  push(value: In): Out[];
  flush?(): Out[];
  /** What was given has been handed on: time for what need not be done before. */
  idle?(): void;
  /** No more comes and nothing is asked any more: gives memory back. */
  close?(): void;
}

/**
 * Makes an operator of a processor. Every subscription makes its own, so nothing is shared between subscribers; the
 * end of the source flushes it, an error does not. Values that arrive while outputs are still being handed on wait
 * their turn, so a re-entrant source keeps its order.
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

/** The values, and then a rest where the processor wants one. */
function withIdle<In, Out>(processor: Processor<In, Out>, values: Out[]): ObservableInput<Out> {
  if (!processor.idle) return values;
  const rest = new Observable<never>((subscriber) => {
    processor.idle?.();
    subscriber.complete();
  });
  return concat(values, rest);
}
