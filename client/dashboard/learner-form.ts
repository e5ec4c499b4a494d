import type { LearnerInfo, StreamInfo } from '../../src/protocol/index.ts';

/** The form that adds a learner to a stream, while it is open. */
export interface LearnerForm {
  /** Name of the stream. */
  readonly stream: string;
  readonly task: LearnerTask;
  /** Name of the learner that was requested, until the server responds. */
  readonly pending?: string | undefined;
  /** Why the learner cannot be added. */
  readonly error?: string | undefined;
}

export type LearnerTask = 'forecast' | 'target' | 'reconstruct' | 'cancel';

/** The settings of a learner as the user entered them; an empty text stands for the default. */
export interface EnteredLearner {
  readonly name: string;
  readonly task: LearnerTask;
  readonly horizon: string;
  readonly target: string;
  readonly channels: string;
  readonly reference: string;
  readonly taps: string;
  readonly network: string;
  readonly optimizer: string;
  readonly learningRate: string;
}

/** Returns the settings for the server, which checks them. Throws an Error that names a field that cannot be read. */
export function learnerSettings(entered: EnteredLearner): Record<string, unknown> {
  const { name, task, target, optimizer } = entered;
  const rate = numberIn('Learning rate', entered.learningRate);
  if (rate !== undefined && optimizer === '') throw new Error('Learning rate requires an optimizer');
  const network = networkIn(entered.network);
  return {
    name: name.trim(),
    task,
    ...(task === 'forecast' && { horizon: numberIn('Horizon', entered.horizon) }),
    ...(task === 'target' && { target }),
    ...(task === 'cancel' && { reference: listIn(entered.reference) }),
    channels: listIn(entered.channels),
    ...(network === undefined ? { taps: numberIn('Taps', entered.taps) } : { network }),
    ...(optimizer !== '' && { optimizer: { type: optimizer, learningRate: rate } }),
  };
}

/** The form after a new list of streams: closed if the learner that it requested is there or waits for its target. */
export function updatedForm(form: LearnerForm | undefined, streams: readonly StreamInfo[]): LearnerForm | undefined {
  const info = streams.find(({ name }) => name === form?.stream);
  if (!form || !info) return undefined;
  const { pending } = form;
  if (pending === undefined) return form;
  const isWaiting = (info.notes ?? []).some((note) => note.startsWith(`learner ${pending} `));
  return isWaiting || requestedLearner(form, streams) ? undefined : form;
}

/** The learner that a form has requested, if the server has added it. */
export function requestedLearner(
  form: LearnerForm | undefined,
  streams: readonly StreamInfo[],
): LearnerInfo | undefined {
  const info = streams.find(({ name }) => name === form?.stream);
  return info?.learners.find(({ name }) => name === form?.pending);
}

function numberIn(field: string, text: string): number | undefined {
  if (text.trim() === '') return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error(`${field} must be a number, got '${text}'`);
  return number;
}

/** Channel labels, separated by commas; undefined if there are none. */
function listIn(text: string): string[] | undefined {
  const parts = text.split(',').map((part) => part.trim());
  return parts.every((part) => part === '') ? undefined : parts;
}

function networkIn(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Network must be JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
