import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import { invalid } from '../core/check.ts';
import { difference } from './difference.ts';
import { drive, run, source, transcribe, type Transcript } from './transcript.ts';
import type { OperatorFunction } from 'rxjs';

/** What `verifyOperator` cannot find out by itself. */
export interface VerifyOperatorOptions {
  /** How many output frames come of the whole input, the tail that completion flushes included. Not asked when absent. */
  frames?: number;
  /** Whether the output must stay the same, frame for frame, however the input is cut. Default: when outputs are blocks. */
  anyCut?: boolean;
}

/**
 * Runs the laws that every operator on blocks keeps, and throws a sentence that names the one that broke. It needs no
 * test runner. `makeOperator` makes the operator anew for every law, `makeInput` a few blocks (two at least, that lead to
 * outputs). The operator must work synchronously.
 *
 * The laws: values, any cut, empty, never, error, early unsubscribe, two subscribers, a throwing source, a re-entrant
 * source, completion flushes.
 */
export function verifyOperator<Out>(
  makeOperator: () => OperatorFunction<Block, Out>,
  makeInput: () => Block[],
  options: VerifyOperatorOptions = {},
): void {
  const input = makeInput();
  if (input.length < 2) throw invalid('makeInput()', 'two blocks or more', input.length);
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

/** The operator under test and two runs of it: over the whole input, and over an input that has not ended. */
interface Subject<Out> {
  makeOperator: () => OperatorFunction<Block, Out>;
  makeInput: () => Block[];
  whole: Transcript<Out>;
  open: Transcript<Out>;
}

function broken(law: string, what: string): Error {
  return new Error(`${law}: ${what}`);
}

function same(law: string, expected: unknown, got: unknown): void {
  const found = difference(expected, got, 'output');
  if (found) throw broken(law, found);
}

function values<Out>({ makeOperator, makeInput, whole }: Subject<Out>, used: Block[]): void {
  const law = 'values';
  if (whole.ended === 'error') throw broken(law, `the input led to an error: ${String(whole.error)}`);
  if (whole.outputs.length === 0) throw broken(law, 'the input led to no output');
  const changed = difference(makeInput(), used, 'input');
  if (changed) throw broken(law, `an operator must leave its input as it is, but ${changed}`);
  same(`${law}, again by a new operator`, whole.outputs, run(makeOperator(), makeInput()).outputs);
}

function completion<Out>({ whole, open }: Subject<Out>, { frames }: VerifyOperatorOptions): void {
  const law = 'completion flushes';
  if (whole.ended !== 'complete') throw broken(law, 'the source completed and the output did not');
  if (open.ended !== 'open') throw broken(law, 'the output ended before its source');
  if (whole.late > 0) throw broken(law, `${whole.late} notifications came after the end`);
  same(`${law}, after everything that came before`, open.outputs, whole.outputs.slice(0, open.outputs.length));
  if (frames === undefined) return;
  const came = whole.outputs.reduce((sum, out) => sum + (isBlock(out) ? frameCount(out) : 0), 0);
  if (came !== frames) throw broken(law, `${frames} frames must have come by then, got ${came}`);
}

function anyCut<Out>({ makeOperator, makeInput, whole }: Subject<Out>, options: VerifyOperatorOptions): void {
  if (!(options.anyCut ?? whole.outputs.every(isBlock))) return;
  const expected = framesOf(whole.outputs);
  for (const frames of [1, 2, 3, 7]) {
    const cut = makeInput().flatMap((block) => recut(block, frames));
    same(`any cut, here ${frames} frames a block`, expected, framesOf(run(makeOperator(), cut).outputs));
  }
}

function empty<Out>({ makeOperator }: Subject<Out>): void {
  const told = run(makeOperator(), []);
  if (told.ended !== 'complete') throw broken('empty', 'an empty source must complete the output');
  if (told.outputs.length > 0) throw broken('empty', `an empty source led to ${told.outputs.length} outputs`);
}

function never<Out>({ makeOperator }: Subject<Out>): void {
  const { subject, told } = drive(makeOperator());
  if (told.ended !== 'open' || told.outputs.length > 0) throw broken('never', 'a silent source led to notifications');
  if (!subject.observed) throw broken('never', 'the operator left a silent source');
  told.unsubscribe();
  if (subject.observed) throw broken('never', 'unsubscribing left the source subscribed');
}

function errors<Out>({ makeOperator, makeInput, open }: Subject<Out>): void {
  const reason = new Error('the source failed');
  for (const [law, end] of [
    ['error', { error: reason }],
    ['throwing source', { fail: reason }],
  ] as const) {
    const told = run(makeOperator(), makeInput(), end);
    if (told.ended !== 'error') throw broken(law, `an error of the source must end the output, it ${told.ended}s`);
    if (told.error !== reason) throw broken(law, `the source's own error must come through, got ${String(told.error)}`);
    if (told.late > 0) throw broken(law, `${told.late} notifications came after the error`);
    same(`${law}, after what came before it and without a tail`, open.outputs, told.outputs);
  }
}

function earlyUnsubscribe<Out>({ makeOperator, makeInput }: Subject<Out>): void {
  const law = 'early unsubscribe';
  const { subject, told } = drive<Block, Out>(makeOperator(), () => told.unsubscribe());
  for (const block of makeInput()) subject.next(block);
  if (told.outputs.length > 1) throw broken(law, `${told.outputs.length - 1} outputs came after unsubscribing`);
  if (told.outputs.length === 1 && subject.observed) throw broken(law, 'the source stayed subscribed');
  subject.complete();
  if (told.outputs.length === 1 && told.ended !== 'open') throw broken(law, 'the end came after unsubscribing');
}

function twoSubscribers<Out>({ makeOperator, makeInput, whole }: Subject<Out>): void {
  const law = 'two subscribers';
  const cold = source(makeInput(), 'complete').pipe(makeOperator());
  same(`${law}, the first`, whole.outputs, transcribe(cold).outputs);
  same(`${law}, the second after the first: is state made outside defer?`, whole.outputs, transcribe(cold).outputs);
  const operator = makeOperator();
  const [one, other] = [drive(operator), drive(operator)];
  for (const block of makeInput()) {
    one.subject.next(block);
    other.subject.next(block);
  }
  one.subject.complete();
  other.subject.complete();
  same(`${law} of two sources, at once: is state made outside defer?`, whole.outputs, one.told.outputs);
  same(`${law} of two sources, at once: is state made outside defer?`, whole.outputs, other.told.outputs);
}

function reentrant<Out>({ makeOperator, makeInput, whole }: Subject<Out>): void {
  const law = 're-entrant source (the next block arrives while an output is handed on)';
  const waiting = makeInput();
  const { subject, told } = drive<Block, Out>(makeOperator(), (_, again) => {
    const block = waiting.shift();
    if (block) again.next(block);
  });
  while (waiting.length > 0) subject.next(waiting.shift() as Block);
  subject.complete();
  same(law, whole.outputs, told.outputs);
  if (told.ended !== 'complete') throw broken(law, 'the output did not complete');
}

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && 'data' in value && 'channels' in value && 'start' in value;
}

/** What a cut must not change: each frame with its index and its validity. */
function framesOf(outputs: readonly unknown[]): unknown[] {
  return outputs.filter(isBlock).flatMap((block) =>
    Array.from({ length: frameCount(block) }, (_, i) => ({
      index: block.start + i,
      samples: block.data.slice(i * block.channels, (i + 1) * block.channels),
      valid: block.valid?.[i] ?? 1,
    })),
  );
}

/** A block in pieces of `frames` frames, the last one shorter. */
export function recut(block: Block, frames: number): Block[] {
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
