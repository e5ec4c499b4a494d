/**
 * The information transfer rate in bits per minute (J. Wolpaw and others, "EEG-based communication: improved accuracy by response
 * verification", 1998), for `accuracy` P among `choices` N and `seconds` T per selection:
 *
 *     B = log2 N + P log2 P + (1 - P) log2 ((1 - P) / (N - 1));   rate = 60 B / T
 *
 * It is 0 at or below the chance level 1 / N. The formula assumes that all choices and all errors are equally likely.
 */
export function transferRate(accuracy: number, choices: number, seconds: number): number {
  if (accuracy <= 1 / choices) return 0;
  const log = (share: number, of: number) => (share === 0 ? 0 : share * Math.log2(share / of));
  return (60 / seconds) * (Math.log2(choices) + log(accuracy, 1) + log(1 - accuracy, choices - 1));
}
