/**
 * Layout of a run, the argument of the kernel `train`: the index of each field in 32-bit words. The fields before `lead` are doubles, two
 * words each; the others are 32-bit integers. Offsets count float32 numbers from the start of the engine's memory.
 *
 *     rate, epsilon          the update, as in the kernel `update`
 *     bound                  an upper bound of the absolute values of all weights; Infinity if none is known.
 *                            Updated
 *     means                  the state of the divergence guard (`guardMeans` doubles). Updated
 *     lead                   frames from an output to its target: 0 or 1
 *     frames, targets        offsets of the input frames and of the target of each
 *     count                  number of frames
 *     outputs                offset of the outputs; the first row is the one that waits for its target (lead 1)
 *     waiting                1 if there is such a row; otherwise, the outputs begin with the second row
 *     errors, losses         offsets of the errors and of the losses (doubles) of the outputs that were trained
 *     hidden, features       layer whose outputs are kept at `features`; -1 = none
 *     maxUpdates             maximum number of updates
 *
 * The results:
 *
 *     taken                  targets that were read
 *     done                   frames that were processed
 *     emitted, trained       outputs computed, and outputs whose gradient was computed
 *     kept                   outputs of the hidden layer
 *     final                  rows of ∂L/∂x that became final
 *     owed                   1 if the last gradient was computed, but its update was not made because it might
 *                            overflow
 */
export const runWords = {
  rate: 0,
  epsilon: 2,
  bound: 4,
  means: 6,
  lead: 20,
  frames: 21,
  targets: 22,
  count: 23,
  outputs: 24,
  waiting: 25,
  errors: 26,
  losses: 27,
  hidden: 28,
  features: 29,
  maxUpdates: 30,
  taken: 31,
  done: 32,
  emitted: 33,
  trained: 34,
  kept: 35,
  final: 36,
  owed: 37,
} as const;

/** Number of doubles of the divergence guard. */
export const guardMeans = 7;

/** Words per run. */
export const wordsPerRun = 40;
