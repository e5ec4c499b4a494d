import { Observable, Subject, type OperatorFunction } from 'rxjs';

/** Notifications that one subscriber received, in order. */
export interface Transcript<Out> {
  readonly outputs: Out[];
  /** Whether the stream is open, completed, or failed. */
  ended: 'open' | 'complete' | 'error';
  error?: unknown;
  /** Number of notifications after the end; must be 0. */
  late: number;
  unsubscribe(): void;
}

/** Subscribes and records all notifications. `onNext` is called after each output is recorded. */
export function transcribe<Out>(
  stream: Observable<Out>,
  onNext: (out: Out) => void = () => undefined,
): Transcript<Out> {
  const record: Transcript<Out> = {
    outputs: [],
    ended: 'open',
    late: 0,
    unsubscribe: () => subscription.unsubscribe(),
  };
  const end = (how: 'complete' | 'error', error?: unknown) => {
    if (record.ended !== 'open') record.late++;
    record.ended = how;
    record.error = error;
  };
  const subscription = stream.subscribe({
    next: (out) => {
      if (record.ended !== 'open') record.late++;
      record.outputs.push(out);
      onNext(out);
    },
    error: (error: unknown) => end('error', error),
    complete: () => end('complete'),
  });
  return record;
}

/**
 * Creates a cold source that emits the input and then ends, for every subscription. `fail` throws inside `subscribe`.
 */
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

/** Runs an operator on the input and records its notifications. `end` as in `source`. */
export function run<In, Out>(
  operator: OperatorFunction<In, Out>,
  input: readonly In[],
  end: Parameters<typeof source>[1] = 'complete',
): Transcript<Out> {
  return transcribe(source(input, end).pipe(operator));
}

/** Creates a hot source, and records the notifications of an operator behind it. */
export function drive<In, Out>(
  operator: OperatorFunction<In, Out>,
  onNext?: (out: Out, subject: Subject<In>) => void,
): { subject: Subject<In>; record: Transcript<Out> } {
  const subject = new Subject<In>();
  return { subject, record: transcribe(subject.pipe(operator), (out) => onNext?.(out, subject)) };
}
