import { applyCommand } from './apply.ts';
import { backtestCommand } from './backtest/backtest.ts';
import { detectCommand } from './detect.ts';
import { eraseCommand } from './erase.ts';
import { exportCommand } from './export/export.ts';
import { inspectCommand } from './inspect.ts';
import { learnCommand } from './learn/learn.ts';
import { planCommand } from './plan.ts';
import { recordCommand } from './record.ts';
import { replayCommand } from './replay.ts';
import { scoreNabCommand } from './score/score-nab.ts';
import { scoreSkabCommand } from './score/score-skab.ts';
import { serveCommand } from './serve.ts';
import { simulateCommand } from './simulate.ts';
import { tailCommand } from './tail.ts';
import { stressCommand } from './stress/stress.ts';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { existsSync, readFileSync } from 'node:fs';

/** The command line with all its commands. Throws instead of ending the process. */
export function program(version: string): Command {
  const tapline = new Command('tapline')
    .description('Run and train convolutional networks on live sensor data.')
    .version(version, '-V, --version', 'Print the version')
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', '\nExample:\n  tapline serve --demo');
  for (const command of [
    serveCommand(),
    simulateCommand(),
    replayCommand(),
    recordCommand(),
    tailCommand(),
    exportCommand(),
    backtestCommand(),
    eraseCommand(),
    inspectCommand(),
    applyCommand(),
    learnCommand(),
    detectCommand(),
    planCommand(),
    scoreCommand(),
    stressCommand(),
  ])
    tapline.addCommand(command);
  configure(tapline);
  return tapline;
}

/** Settings that commander does not pass on to the commands of a command. */
function configure(command: CommandUnknownOpts, path = command.name()): void {
  command
    .exitOverride()
    .helpOption('-h, --help', 'Show help')
    .configureOutput({ outputError: (text, write) => write(usageText(text, path)) });
  if (command.commands.length > 0) command.helpCommand('help [command]', 'Show help for a command');
  for (const each of command.commands) configure(each, `${path} ${each.name()}`);
}

/** An error of commander in the wording of all errors. Errors about the usage name the help of the command. */
function usageText(text: string, command: string): string {
  const wrong =
    /^error: (?:option '(?:-\w, )?(--[\w-]+).*?' argument|command-argument value) '(.*)' is invalid(?: for argument '(.*)')?\. (.*)\.\n$/s;
  const [, option, value, argument, reason] = wrong.exec(text) ?? [];
  const name = option ?? `<${argument}>`;
  if (reason === undefined) return `${text.replace(/^error: /, 'tapline: ')}Run '${command} --help' for usage.\n`;
  const rule = /^(?:It must be|Allowed choices are) (.*)$/s.exec(reason)?.[1];
  if (rule === undefined) return `tapline: ${name}: ${reason}\n`;
  return `tapline: ${name} must be ${reason.startsWith('Allowed') ? 'one of ' : ''}${rule}, got '${value}'\n`;
}

/** The package's version, from the nearest package.json above this file (built files lie deeper than the sources). */
export function version(): string {
  for (let up = new URL('.', import.meta.url); up.pathname !== '/'; up = new URL('..', up)) {
    const manifest = new URL('package.json', up);
    if (existsSync(manifest)) return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}

/** `tapline score`: scores the detector on public benchmarks. */
export function scoreCommand(): Command {
  return new Command('score')
    .summary('Score the detector on a public benchmark')
    .description('Score the detector with its default settings on a public benchmark, by the rules of that benchmark.')
    .addCommand(scoreNabCommand())
    .addCommand(scoreSkabCommand());
}
