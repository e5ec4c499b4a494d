/** What whoever typed the command can put right: told in one sentence, exit code 2. */
export class UsageError extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'UsageError';
  }
}

/** Runs `work`; what it throws is a fault of the input: the sentence, behind `subject` where one is given. */
export function asUsage<T>(work: () => T, subject = ''): T {
  try {
    return work();
  } catch (error) {
    throw usageOf(error, subject);
  }
}

/** An error as a fault of the input. */
export function usageOf(error: unknown, subject = ''): UsageError {
  if (error instanceof UsageError) return error;
  const sentence = error instanceof Error ? error.message : String(error);
  return new UsageError(subject === '' ? sentence : `${subject}: ${sentence}`, { cause: error });
}
