import { UsageError } from '../failure.ts';
import { integerFrom, positiveNumber } from '../options.ts';
import { stopSignal } from '../stop-signal.ts';
import { type Scenario, type Sizes, Stage } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { OwnServer, type Target } from './target.ts';
import { Command } from '@commander-js/extra-typings';

type StressOptions = {
  url?: string;
  seed: number;
  scenario?: string;
  duration?: number;
  devices: number;
  viewers: number;
};

/** Most problems that are printed for each scenario. */
const maxProblems = 10;

/** `tapline stress`: self-checking load and fault scenarios against a server. */
export function stressCommand(): Command<[], StressOptions> {
  const list = scenarios.map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`).join('\n');
  return new Command('stress')
    .summary('Check a server under load and faults')
    .description(
      'Run seeded load and fault scenarios against a server, and check that every frame sent is processed or reported as a gap. The exit code is 1 if a scenario fails.',
    )
    .option(
      '--url <url>',
      'Address of a running server (default: start one with a temporary state directory)',
      wsAddress,
    )
    .option('--seed <integer>', 'Random seed of devices, faults, and messages', integerFrom(0, 2 ** 32 - 1), 1)
    .option('--scenario <names>', 'Scenarios to run, separated by commas (default: all except soak)')
    .option(
      '--duration <seconds>',
      'Duration of the load of each scenario (default: 10 to 20 s; soak: 1800 s)',
      seconds,
    )
    .option('--devices <count>', 'Number of devices in soak', integerFrom(1, 900), 300)
    .option('--viewers <count>', 'Number of viewers in soak', integerFrom(1, 100), 20)
    .addHelpText('after', `\nScenarios:\n${list}\n\nExample:\n  tapline stress --scenario flood,kill --seed 7`)
    .action(async ({ url, seed, scenario, duration, devices, viewers }) => {
      const chosen = choose(scenario, url !== undefined);
      const signal = stopSignal();
      const target: Target = url === undefined ? await OwnServer.start() : { url };
      let failed = 0;
      try {
        for (const each of chosen) {
          if (signal.aborted) break;
          if (!(await perform(each, { target, seed, duration, sizes: { devices, viewers }, signal }))) failed++;
        }
      } finally {
        await target.own?.close();
      }
      if (failed > 0) process.exitCode = 1;
    });
}

const seconds = positiveNumber('seconds');

function wsAddress(text: string): string {
  const address = URL.canParse(text) ? new URL(text) : undefined;
  if (!address || !['ws:', 'http:'].includes(address.protocol))
    throw new UsageError(`--url must be an address such as ws://127.0.0.1:8080, got '${text}'`);
  return `ws://${address.hostname}:${address.port || '80'}`;
}

/** The scenarios with the given names; by default, all that the server allows. */
function choose(names: string | undefined, isForeign: boolean): Scenario[] {
  if (names === undefined) {
    for (const { name } of scenarios.filter(({ ownServer, onlyNamed }) => isForeign && ownServer && !onlyNamed))
      process.stdout.write(`${name.padEnd(16)} skipped  only with a server that this command starts (omit --url)\n`);
    return scenarios.filter(({ ownServer, onlyNamed }) => !onlyNamed && !(isForeign && ownServer));
  }
  return names.split(',').map((name) => {
    const found = scenarios.find((each) => each.name === name.trim());
    if (!found)
      throw new UsageError(`--scenario must be one or more of ${scenarios.map((each) => each.name)}, got '${name}'`);
    if (found.ownServer && isForeign)
      throw new UsageError(`scenario ${found.name} needs a server that this command starts. Omit --url.`);
    return found;
  });
}

/** Runs one scenario and prints its verdict. Returns whether it has passed. */
async function perform(
  scenario: Scenario,
  { duration, ...rest }: { target: Target; seed: number; duration?: number; sizes: Sizes; signal: AbortSignal },
): Promise<boolean> {
  const stage = new Stage({ ...rest, name: scenario.name, seconds: duration ?? scenario.seconds });
  try {
    await scenario.run(stage);
  } catch (error) {
    stage.problems.push(`unexpected error: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await stage.end();
  }
  const { own } = stage.target;
  if (own?.failure !== undefined) stage.problems.push(own.failure);
  const { problems, totals } = stage;
  const { streams, sent, processed, gaps } = totals;
  const verdict = problems.length === 0 ? 'passed ' : 'FAILED ';
  const account = `${streams} streams: ${sent} frames sent = ${processed} processed + ${gaps} in gaps`;
  const shown = sent === processed + gaps ? account : account.replace(' = ', ' ≠ ');
  process.stdout.write(`${scenario.name.padEnd(16)} ${verdict} ${[shown, ...stage.results].join('; ')}\n`);
  for (const problem of problems.slice(0, maxProblems)) process.stdout.write(`  ${problem}\n`);
  if (problems.length > maxProblems) process.stdout.write(`  and ${problems.length - maxProblems} more problems\n`);
  return problems.length === 0;
}
