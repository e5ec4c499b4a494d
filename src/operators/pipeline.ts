import {
  concat,
  concatMap,
  connect,
  defer,
  endWith,
  finalize,
  ignoreElements,
  map,
  merge,
  NEVER,
  takeUntil,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import { type Block, frameCount } from '../core/blocks/block.ts';
import { cutBlock } from '../core/blocks/cut-block.ts';
import { invalid } from '../core/check.ts';
import type { BlockMessage, PipelineMessage } from '../core/pipeline/pipeline-message.ts';
import type { PipelineSpec } from '../core/pipeline/pipeline-spec.ts';
import { Pipeline, type PipelineOptions } from '../core/pipeline/pipeline.ts';
import type { PipelineOutput } from '../core/pipeline/pipeline-output.ts';

/** Options of the operator `pipeline`. There is no option `earlier`, because subscribers would share its detector. */
export interface PipelineOperatorOptions extends Omit<PipelineOptions, 'earlier'> {
  /**
   * All messages except blocks, which come from the source: targets, controls, feedback, and changes of stages. A
   * message applies from its frame `at` on; without `at`, from the next frame on. Default: none.
   */
  messages?: Observable<Exclude<PipelineMessage, BlockMessage>>;
}

/**
 * Runs a stream through a `Pipeline`: gap filling, a detector, standardization, feature maps, and learners.
 *
 *     source    --[0 1 2]---------[6 7]---------------|      3, 4, and 5 are missing
 *     messages  -----------{at 7}---------------------
 *               pipeline(spec, { messages })
 *     output    --{0 1 2}---------({3 4 5}{6}{7})-----(tail|)
 *
 * For every block, it emits one `PipelineOutput`, preceded by one for the filled gap if there is one. An output is
 * divided at the frames from which messages apply. Frames that were already received are ignored. When the source
 * completes, one last output without frames (`raw` is empty) contains the last outputs of feature maps with mode 'same'
 * or 'full' in `maps`. The output completes or fails with the source. It also fails if `messages` fails, and continues
 * if `messages` completes. A stage that throws an error is listed in `failures`, and the other stages continue. Every
 * subscription creates its own pipeline, and closes it when the subscription ends.
 *
 * @returns an operator that fails if a block or a message does not match the pipeline
 * @throws RangeError or TypeError that names the invalid field of the spec or of the options
 */
export function pipeline(
  spec: PipelineSpec,
  options: PipelineOperatorOptions = {},
): OperatorFunction<Block, PipelineOutput> {
  const { messages = NEVER, ...rest } = options;
  Pipeline.create(spec, rest).close();
  return (source) =>
    defer(() => {
      const running = Pipeline.create(spec, rest);
      let last: PipelineOutput | undefined;
      const handle = (message: PipelineMessage) => {
        const outputs = running.handle(message);
        last = outputs.at(-1) ?? last;
        return outputs;
      };
      return source.pipe(
        connect((blocks) => {
          const end = blocks.pipe(ignoreElements(), endWith(null));
          const others = messages.pipe(map(withoutFrames), takeUntil(end));
          const frames = blocks.pipe(map((block): BlockMessage => ({ type: 'block', block })));
          return concat(
            merge(others, frames).pipe(concatMap(handle)),
            defer(() => tailOf(running, last)),
          );
        }),
        finalize(() => {
          running.close();
        }),
      );
    });
}

/** Throws if a message is a block. */
function withoutFrames(message: PipelineMessage): PipelineMessage {
  if ((message as Partial<PipelineMessage> | null)?.type === 'block')
    throw invalid('type of a message', "other than 'block', because blocks come from the source", 'block', TypeError);
  return message;
}

/** Returns the last outputs of the feature maps as one output without frames, or an empty array if there are none. */
function tailOf(pipeline: Pipeline, last: PipelineOutput | undefined): PipelineOutput[] {
  if (!last) return [];
  const before = pipeline.failures;
  const maps = Object.fromEntries(Object.keys(last.maps).map((name) => [name, pipeline.flush(name)]));
  const failures = pipeline.failures.filter((failure) => !before.includes(failure));
  if (failures.length === 0 && Object.values(maps).every((tail) => tail === null)) return [];
  const [raw, block] = [last.raw, last.block].map((each) => cutBlock(each, each.start + frameCount(each), 0));
  return [{ raw, block, detected: null, maps, learners: {}, features: maps.features ?? null, learned: null, failures }];
}
