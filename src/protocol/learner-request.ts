import * as v from 'valibot';
import * as field from './fields.ts';

/** Adds a learner to a stream, or removes one that was added. Exactly one of `add` and `remove` is given. */
export interface LearnerRequest {
  /** Message type. */
  type: 'learner';
  /** Name of the stream. */
  stream: string;
  /** The learner to add, as in a file of `tapline serve --learn`. `network` is a network spec. */
  add?: Record<string, unknown>;
  /** Name of the learner to remove. */
  remove?: string;
}

const addRule = 'an object with the settings of a learner';

/** Schema of a LearnerRequest. */
export const learnerRequest: field.Schema<LearnerRequest> = v.pipe(
  v.object(
    {
      type: v.literal('learner'),
      stream: field.name,
      add: v.optional(v.record(v.string(), v.unknown(), addRule)),
      remove: v.optional(field.name),
    },
    'given',
  ),
  v.forward(
    v.check(({ add, remove }) => (add === undefined) !== (remove === undefined), 'given, or else remove, but not both'),
    ['add'],
  ),
);
