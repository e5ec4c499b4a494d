import fc from 'fast-check';
import { concat, concatMap, defer, EMPTY, finalize, from, type OperatorFunction, range, Subject, take } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { lift, type Processor } from '../../src/operators/lift.ts';

/** The definition of `lift` in terms of RxJS operators. */
function definition(make: () => Processor<Value, string>): OperatorFunction<Value, string> {
  return (source) =>
    defer(() => {
      const processor = make();
      const idle = defer(() => {
        processor.idle?.();
        return EMPTY;
      });
      return concat(
        source.pipe(concatMap((value) => concat(processor.push(value), idle))),
        defer(() => processor.flush!()),
      ).pipe(finalize(() => processor.close!()));
    });
}

/** A value, how many outputs it has, where the processor throws, and whether `push` unsubscribes before that. */
interface Value {
  readonly id: number;
  readonly outputs: number;
  readonly fails?: 'push' | 'idle';
  readonly unsubscribes: boolean;
}

/** What happens while an output is received. */
type Action = 'none' | 'next' | 'complete' | 'error' | 'unsubscribe';

interface Script {
  readonly values: readonly Value[];
  readonly actions: readonly Action[];
  readonly end: Action;
  readonly tail: number | 'fails';
  readonly idle: boolean;
}

const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const scripts: fc.Arbitrary<Script> = fc.record({
  values: fc
    .array(
      fc.record({
        outputs: fc.nat(3),
        fails: mostly<Value['fails']>(undefined, 'push', 'idle'),
        unsubscribes: mostly(false, true),
      }),
      {
        maxLength: 8,
      },
    )
    .map((values) => values.map((value, id) => ({ id, ...value }))),
  actions: fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom<Action>('none', 'next') },
      { weight: 1, arbitrary: fc.constantFrom<Action>('complete', 'error', 'unsubscribe') },
    ),
    { maxLength: 30 },
  ),
  end: fc.constantFrom<Action>('none', 'complete', 'error', 'unsubscribe'),
  tail: mostly<Script['tail']>(2, 0, 'fails'),
  idle: fc.boolean(),
});

/** Runs a script and returns all calls of the processor and all notifications, in order. */
function play(operator: typeof definition, { values, actions, end, tail, idle }: Script): string[] {
  const log: string[] = [];
  const throwing = (name: string, fails: boolean) => {
    log.push(name);
    if (fails) throw new Error(`${name} failed`);
  };
  const processor = (): Processor<Value, string> => {
    let current: Value;
    return {
      push: (value) => {
        current = value;
        if (value.unsubscribes) act('unsubscribe');
        throwing(`push ${value.id}`, value.fails === 'push');
        return Array.from({ length: value.outputs }, (_, i) => `${value.id}.${i}`);
      },
      ...(idle && { idle: () => throwing(`idle ${current.id}`, current.fails === 'idle') }),
      flush: () => {
        throwing('flush', tail === 'fails');
        return Array.from({ length: Number(tail) }, (_, i) => `tail ${i}`);
      },
      close: () => log.push('close'),
    };
  };
  const source = new Subject<Value>();
  const [input, responses] = [[...values], [...actions]];
  const act = (action: Action | undefined) => {
    if (action === 'next' && input.length > 0) source.next(input.shift()!);
    if (action === 'complete') source.complete();
    if (action === 'error') source.error(new Error('the source failed'));
    if (action === 'unsubscribe') subscription.unsubscribe();
  };
  const subscription = source.pipe(operator(processor)).subscribe({
    next: (output) => {
      log.push(output);
      act(responses.shift());
      log.push(`/${output}`);
    },
    error: (error: Error) => log.push(error.message),
    complete: () => log.push('complete'),
  });
  while (input.length > 0) act('next');
  act(end);
  log.push(source.observed ? 'observed' : 'not observed');
  return log;
}

describe('lift', () => {
  test('equals concatMap followed by the outputs of flush, for any source, processor, and subscriber', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        expect(play(lift, script)).toEqual(play(definition, script));
      }),
      { seed: 10, numRuns: 2000 },
    );
  });

  test('stops a synchronous source when the subscriber unsubscribes', () => {
    const pushed: number[] = [];
    const closed: number[] = [];
    const twice = lift<number, number>(() => ({
      push: (value) => {
        pushed.push(value);
        return [value, value];
      },
      close: () => closed.push(pushed.length),
    }));
    const received: number[] = [];
    range(0, Number.MAX_SAFE_INTEGER)
      .pipe(twice, take(3))
      .subscribe((value) => received.push(value));
    expect(received).toEqual([0, 0, 1]);
    expect(pushed).toEqual([0, 1]);
    expect(closed).toEqual([2]);
  });

  test('fails with an error that is thrown when the processor is created', () => {
    const errors: unknown[] = [];
    const reason = new Error('no processor');
    const broken = lift<number, number>(() => {
      throw reason;
    });
    from([1])
      .pipe(broken)
      .subscribe({ error: (error) => errors.push(error) });
    expect(errors).toEqual([reason]);
  });

  test('calls rest, the deprecated name of idle', () => {
    const log: string[] = [];
    const processor = { push: (value: number) => [value], rest: () => void log.push('rest') };
    from([1, 2])
      .pipe(lift(() => processor))
      .subscribe((value) => log.push(`${value}`));
    expect(log).toEqual(['1', 'rest', '2', 'rest']);
  });
});
