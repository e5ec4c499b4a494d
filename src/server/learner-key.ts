import type { LearnerStageSpec } from '../core/pipeline/pipeline-spec.ts';

/** Fields that do not determine what the weights of a learner mean. */
const ignored: readonly string[] = ['weights', 'powerLine', 'mains'];

/** The settings of a learner as a string: two learners with the same key can exchange their weights. */
export function learnerKey(spec: LearnerStageSpec): string {
  const settings = Object.fromEntries(Object.entries(spec).filter(([name]) => !ignored.includes(name)));
  return JSON.stringify(settings, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** The note on a learner that does not use its saved weights. */
export const freshNote = 'starts with new weights, because its settings have changed since its weights were saved';
