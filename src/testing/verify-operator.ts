import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import { invalid } from '../core/check.ts';
import { difference } from './difference.ts';
import { drive, run, source, transcribe, type Transcript } from './transcript.ts';
import type { OperatorFunction } from 'rxjs';

/** What `verifyOperator` cannot determine by itself. */
export interface VerifyOperatorOptions {
  /** Number of output frames for the whole input, including those flushed on completion. Default: not checked. */
  frames?: number;
  /**
   * Whether the output must be the same, frame for frame, for any block sizes of the input. Default: true if all
   * outputs are blocks.
   */
  anyCut?: boolean;
}

/**
 * Verifies the invariants of an operator on blocks. It needs no test runner. `makeOperator` creates the operator anew
 * for every invariant. `makeInput` creates at least two blocks, which must produce outputs. The operator must work
 * synchronously.
 *
 * The invariants: values, any block sizes, empty, never, error, early unsubscribe, two subscribers, a throwing source,
 * a re-entrant source, flushing on completion.
 *
 * @throws Error that names the violated invariant
 */
export function verifyOperator<Out>(
  makeOperator: () => OperatorFunction<Block, Out>,
  makeInput: () => Block[],
  options: VerifyOperatorOptions = {},
): void {
  const input = makeInput();
  if (input.length < 2) throw invalid('makeInput()', 'two or more blocks', input.length);
  const whole = run(makeOperator(), input);
  const open = run(makeOperator(), input, 'open');
  const subject: Subject<Out> = { makeOperator, makeInput, whole, open };
  values(subject, input);
  completion(subject, options);
  anyCut(subject, options);
  empty(subject);
  never(subject);
  errors(subject);
  earlyUnsubscribe(subject);
  twoSubscribers(subject);
  reentrant(subject);
}

/** The operator under test and two runs of it: on the whole input, and on an input that has not ended. */
interface Subject<Out> {
  makeOperator: () => OperatorFunction<Block, Out>;
  makeInput: () => Block[];
  whole: Transcript<Out>;
  open: Transcript<Out>;
}

function violation(invariant: string, what: string): Error {
  return new Error(`${invariant}: ${what}`);
}

function same(invariant: string, expected: unknown, actual: unknown): void {
  const result = difference(expected, actual, 'output');
  if (result) throw violation(invariant, result);
}

function values<Out>({ makeOperator, makeInput, whole }: Subject<Out>, input: Block[]): void {
  const invariant = 'values';
  if (whole.ended === 'error') throw violation(invariant, `the input caused an error: ${String(whole.error)}`);
  if (whole.outputs.length === 0) throw violation(invariant, 'the input produced no output');
  const changed = difference(makeInput(), input, 'input');
  if (changed) throw violation(invariant, `the operator must not modify its input: ${changed}`);
  same(`${invariant}, repeated with a new operator`, whole.outputs, run(makeOperator(), makeInput()).outputs);
}

function completion<Out>({ whole, open }: Subject<Out>, { frames }: VerifyOperatorOptions): void {
  const invariant = 'completion flushes';
  if (whole.ended !== 'complete') throw violation(invariant, 'the source completed, but the output did not');
  if (open.ended !== 'open') throw violation(invariant, 'the output ended before its source');
  if (whole.late > 0) throw violation(invariant, `${whole.late} notifications were emitted after the end`);
  same(`${invariant} after all other outputs`, open.outputs, whole.outputs.slice(0, open.outputs.length));
  if (frames === undefined) return;
  const emitted = whole.outputs.reduce((sum, out) => sum + (isBlock(out) ? frameCount(out) : 0), 0);
  if (emitted !== frames) throw violation(invariant, `the operator must emit ${frames} frames, got ${emitted}`);
}

function anyCut<Out>({ makeOperator, makeInput, whole }: Subject<Out>, options: VerifyOperatorOptions): void {
  if (!(options.anyCut ?? whole.outputs.every(isBlock))) return;
  const expected = framesOf(whole.outputs);
  for (const frames of [1, 2, 3, 7]) {
    const cut = makeInput().flatMap((block) => split(block, frames));
    same(`any block sizes, with ${frames} frames per block`, expected, framesOf(run(makeOperator(), cut).outputs));
  }
}

function empty<Out>({ makeOperator }: Subject<Out>): void {
  const record = run(makeOperator(), []);
  if (record.ended !== 'complete') throw violation('empty', 'an empty source must complete the output');
  if (record.outputs.length > 0) throw violation('empty', `an empty source produced ${record.outputs.length} outputs`);
}

function never<Out>({ makeOperator }: Subject<Out>): void {
  const { subject, record } = drive(makeOperator());
  if (record.ended !== 'open' || record.outputs.length > 0)
    throw violation('never', 'a source that never emits caused notifications');
  if (!subject.observed) throw violation('never', 'the operator unsubscribed from a source that never emits');
  record.unsubscribe();
  if (subject.observed) throw violation('never', 'unsubscribing left the source subscribed');
}

function errors<Out>({ makeOperator, makeInput, open }: Subject<Out>): void {
  const reason = new Error('the source failed');
  for (const [invariant, end] of [
    ['error', { error: reason }],
    ['throwing source', { fail: reason }],
  ] as const) {
    const record = run(makeOperator(), makeInput(), end);
    if (record.ended !== 'error')
      throw violation(
        invariant,
        `an error of the source must end the output with an error, but the output's state is '${record.ended}'`,
      );
    if (record.error !== reason)
      throw violation(invariant, `the output must emit the source's error, got ${String(record.error)}`);
    if (record.late > 0) throw violation(invariant, `${record.late} notifications were emitted after the error`);
    same(`${invariant}, after the outputs so far and without flushing`, open.outputs, record.outputs);
  }
}

function earlyUnsubscribe<Out>({ makeOperator, makeInput }: Subject<Out>): void {
  const invariant = 'early unsubscribe';
  const { subject, record } = drive<Block, Out>(makeOperator(), () => record.unsubscribe());
  for (const block of makeInput()) subject.next(block);
  if (record.outputs.length > 1)
    throw violation(invariant, `${record.outputs.length - 1} outputs were emitted after unsubscribing`);
  if (record.outputs.length === 1 && subject.observed) throw violation(invariant, 'the source stayed subscribed');
  subject.complete();
  if (record.outputs.length === 1 && record.ended !== 'open')
    throw violation(invariant, 'the output ended after unsubscribing');
}

function twoSubscribers<Out>({ makeOperator, makeInput, whole }: Subject<Out>): void {
  const invariant = 'two subscribers';
  const cold = source(makeInput(), 'complete').pipe(makeOperator());
  same(`${invariant}, the first`, whole.outputs, transcribe(cold).outputs);
  same(
    `${invariant}, the second after the first: is state created outside defer?`,
    whole.outputs,
    transcribe(cold).outputs,
  );
  const operator = makeOperator();
  const [one, other] = [drive(operator), drive(operator)];
  for (const block of makeInput()) {
    one.subject.next(block);
    other.subject.next(block);
  }
  one.subject.complete();
  other.subject.complete();
  same(
    `${invariant} of two sources at the same time: is state created outside defer?`,
    whole.outputs,
    one.record.outputs,
  );
  same(
    `${invariant} of two sources at the same time: is state created outside defer?`,
    whole.outputs,
    other.record.outputs,
  );
}

function reentrant<Out>({ makeOperator, makeInput, whole }: Subject<Out>): void {
  const invariant = 're-entrant source (the next block arrives while an output is emitted)';
  const queue = makeInput();
  const { subject, record } = drive<Block, Out>(makeOperator(), (_, again) => {
    const block = queue.shift();
    if (block) again.next(block);
  });
  while (queue.length > 0) subject.next(queue.shift() as Block);
  subject.complete();
  same(invariant, whole.outputs, record.outputs);
  if (record.ended !== 'complete') throw violation(invariant, 'the output did not complete');
}

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && 'data' in value && 'channels' in value && 'start' in value;
}

/** Returns what must not depend on block sizes: each frame with its index and validity. */
function framesOf(outputs: readonly unknown[]): unknown[] {
  return outputs.filter(isBlock).flatMap((block) =>
    Array.from({ length: frameCount(block) }, (_, i) => ({
      index: block.start + i,
      samples: block.data.slice(i * block.channels, (i + 1) * block.channels),
      valid: block.valid?.[i] ?? 1,
    })),
  );
}

/** Splits a block into blocks of `frames` frames; the last one may be shorter. */
function split(block: Block, frames: number): Block[] {
  const { data, channels, start, valid } = block;
  return Array.from({ length: Math.ceil(frameCount(block) / frames) }, (_, i) => {
    const [from, to] = [i * frames, (i + 1) * frames];
    const piece = {
      ...block,
      data: data.slice(from * channels, to * channels),
      start: start + from,
      time: timeOf(block, start + from),
    };
    return valid ? { ...piece, valid: valid.slice(from, to) } : piece;
  });
}
