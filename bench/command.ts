/**
 * Runs a benchmark with the options on the command line, or prints its usage for `--help`. If an option is invalid,
 * prints the error with the usage, and exits with code 2.
 * @param read returns the options; throws if one is unknown or invalid
 */
export async function runCommand<Options>(
  usage: string,
  read: (args: readonly string[]) => Options,
  run: (options: Options) => Promise<void>,
): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(usage);
    return;
  }
  let options: Options;
  try {
    options = read(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
  await run(options);
}

/** Reads the value of `--rounds`. Throws if it is not an integer >= 1. */
export function roundsOf(value: string): number {
  const rounds = Number(value);
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds must be an integer >= 1, got ${value}`);
  return rounds;
}
