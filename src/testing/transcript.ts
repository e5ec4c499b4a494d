import { Observable, Subject, type OperatorFunction } from 'rxjs';

/** What one subscriber was told, in order. */
export interface Transcript<Out> {
  readonly outputs: Out[];
  /** How it ended: not yet, by completion, or by an error. */
  ended: 'open' | 'complete' | 'error';
  error?: unknown;
  /** What came after the end, which must be nothing. */
  late: number;
  unsubscribe(): void;
}

/** Subscribes and writes down everything; `onNext` is called after each output is written. */
export function transcribe<Out>(
  stream: Observable<Out>,
  onNext: (out: Out) => void = () => undefined,
): Transcript<Out> {
  const told: Transcript<Out> = { outputs: [], ended: 'open', late: 0, unsubscribe: () => subscription.unsubscribe() };
  const end = (how: 'complete' | 'error', error?: unknown) => {
    if (told.ended !== 'open') told.late++;
    told.ended = how;
    told.error = error;
  };
  const subscription = stream.subscribe({
    next: (out) => {
      if (told.ended !== 'open') told.late++;
      told.outputs.push(out);
      onNext(out);
    },
    error: (error: unknown) => end('error', error),
    complete: () => end('complete'),
  });
  return told;
}

/** A cold source: every subscription gets the input anew, then its end. `fail` throws inside `subscribe`. */
export function source<In>(
  input: readonly In[],
  end: 'complete' | 'open' | { error: unknown } | { fail: unknown },
): Observable<In> {
  return new Observable<In>((subscriber) => {
    for (const value of input) subscriber.next(value);
    if (end === 'complete') subscriber.complete();
    else if (end !== 'open' && 'error' in end) subscriber.error(end.error);
    else if (end !== 'open') throw end.fail;
  });
}

/** Runs a fresh operator over the input; `end` as in `source`. */
export function run<In, Out>(
  operator: OperatorFunction<In, Out>,
  input: readonly In[],
  end: Parameters<typeof source>[1] = 'complete',
): Transcript<Out> {
  return transcribe(source(input, end).pipe(operator));
}

/** A hot source by hand, and what a subscriber of the operator behind it is told. */
export function drive<In, Out>(
  operator: OperatorFunction<In, Out>,
  onNext?: (out: Out, subject: Subject<In>) => void,
): { subject: Subject<In>; told: Transcript<Out> } {
  const subject = new Subject<In>();
  return { subject, told: transcribe(subject.pipe(operator), (out) => onNext?.(out, subject)) };
}
