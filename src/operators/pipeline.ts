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
import { Pipeline, type PipelineOptions, type PipelineOutput } from '../core/pipeline/pipeline.ts';

/** Options of the operator `pipeline`. */
export interface PipelineOperatorOptions extends PipelineOptions {
  /**
   * Targets, controls, feedback, and changes of stages. They apply from their frame on or, without `at`, from the next
   * frame. Blocks come from the source. Default: none.
   */
  messages?: Observable<Exclude<PipelineMessage, BlockMessage>>;
}

/**
 * Runs a whole processing chain on a stream: gaps, standardization, feature maps, learners, and a detector. For the
 * chain, see `Pipeline`.
 *
 *     source    --[0 1 2]---------[6 7]---------------|      3, 4, and 5 are missing
 *     messages  -----------{at 7}---------------------
 *               pipeline(spec, { messages })
 *     output    --{0 1 2}---------({3 4 5}{6}{7})-----(tail|)
 *
 * Every block is emitted as one `PipelineOutput`, preceded by one for the filled gap if there is one, and divided where a
 * message applies. Frames that were already received are dropped. On completion, feature maps with modes 'same' or 'full'
 * emit their last outputs: `maps` of one last output whose `raw` has no frames. The output completes or fails with the
 * source. If `messages` fails, so does the output; if it completes, the output continues. A stage that throws is listed
 * in `failures`, and the other stages continue. Every subscription has its own pipeline, which is closed at its end.
 *
 * @returns an operator that emits an error if a block or a message does not match
 * @throws RangeError or TypeError that names the invalid part of the spec or of the options
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
