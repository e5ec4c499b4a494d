import { join } from 'node:path';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { recordedStreams } from '../../store/read-only-recording.ts';
import { share } from '../amounts.ts';
import { UsageError } from '../failure.ts';
import { collect } from '../options.ts';
import { checkOutputs, writeOutput } from '../output-file.ts';
import { progress } from '../progress.ts';
import { backtestReport } from '../report/backtest-report.ts';
import { ageIn, pointInTime } from '../stored-stream.ts';
import { backtestText } from './backtest-text.ts';
import { runBacktest } from './run-backtest.ts';
import { defaultSettings, readSettings } from './settings-file.ts';

type BacktestOptions = {
  config?: string;
  baseline?: string;
  since?: number;
  until?: number;
  warmUp?: number;
  stream?: string[];
  state: string;
  report?: string;
  json?: true;
};

/** `tapline backtest`: replays recordings of the server with other settings. */
export function backtestCommand(): Command<[], BacktestOptions> {
  return new Command('backtest')
    .summary('Replay recordings of the server with other settings, and compare the alarms')
    .description(
      'Replay recordings of the server with the settings of --baseline and of --config. List the alarms gained and lost, and the learner scores before and after. Without --config, compare the recorded alarms with a replay of --baseline. The server can be running.',
    )
    .option('--config <file>', 'JSON file with the settings to test, such as { "falseAlarms": "1/week" }')
    .option(
      '--baseline <file>',
      "JSON file with the settings to compare with (default: those of 'tapline serve' without options)",
    )
    .option(
      '--since <time>',
      'Start of the time span: ISO 8601, or an age such as 30d (default: the oldest frame)',
      pointInTime,
    )
    .option('--until <time>', 'End of the time span, exclusive (default: now)', pointInTime)
    .option(
      '--warm-up <time>',
      'How long before --since the replay starts, such as 7d, to learn normal behavior; 0s = none (default: start at the oldest frame)',
      warmUpTime,
    )
    .option(
      '--stream <name>',
      'Replay only this stream; the name can contain * (repeatable; default: all streams)',
      collect,
    )
    .option('--state <directory>', "Directory of 'tapline serve --state'", '.tapline')
    .option('--report <file>', 'File for an HTML report with timelines')
    .option('--json', 'Print the result as JSON')
    .addHelpText('after', "\nExample:\n  tapline backtest --since 30d --config new.json --stream 'plant-*'")
    .action(async ({ config, baseline, since, until, warmUp, stream, state, report, json }) => {
      if (since === undefined && warmUp !== undefined)
        throw new UsageError('--warm-up has no effect without --since. Omit it, or set --since.');
      const span = { from: since ?? -Infinity, to: until ?? Date.now(), warmUp: warmUp ?? Infinity };
      if (!(span.to > span.from))
        throw new UsageError(
          `--until must be after --since (${new Date(span.from).toISOString()}), got ${new Date(span.to).toISOString()}`,
        );
      checkOutputs(
        [report],
        [config, baseline].filter((path) => path !== undefined),
      );
      const streams = await selectedStreams(join(state, 'recordings'), stream);
      const line = progress();
      const result = await runBacktest(
        {
          state,
          streams,
          span,
          baseline: baseline === undefined ? await defaultSettings() : await readSettings(baseline),
          config: config === undefined ? undefined : await readSettings(config),
        },
        (now) => {
          line.show(
            now < span.from || since === undefined
              ? `Replaying ${new Date(now).toISOString()}`
              : `Replaying ${share(now - span.from, span.to - span.from)}`,
          );
        },
      );
      line.clear();
      const replayed = { ...result, streams: result.streams.filter(({ amounts }) => amounts.frames > 0) };
      if (replayed.streams.length === 0)
        throw new UsageError(
          `no frames of ${streams.join(', ')} are recorded from --since to before --until. Choose an earlier --since.`,
        );
      process.stdout.write(json ? `${JSON.stringify(replayed, undefined, 2)}\n` : backtestText(replayed));
      if (report !== undefined) writeOutput(report, backtestReport(replayed));
    });
}

function warmUpTime(text: string): number {
  const age = ageIn(text);
  if (age === undefined) throw new InvalidArgumentError('It must be a duration such as 90s, 30m, 2h, or 7d.');
  return age;
}

/** The recorded streams that match one of the patterns. @throws UsageError if there are none */
async function selectedStreams(directory: string, patterns: readonly string[] = ['*']): Promise<string[]> {
  const streams = await recordedStreams(directory);
  if (streams.length === 0)
    throw new UsageError(
      `${directory} contains no recordings. Set --state to the directory of 'tapline serve --state'.`,
    );
  const matches = (pattern: string, name: string) =>
    new RegExp(`^${pattern.replace(/[^\w*]/g, '\\$&').replace(/\*+/g, '.*')}$`).test(name);
  for (const pattern of patterns)
    if (!streams.some((name) => matches(pattern, name)))
      throw new UsageError(
        `--stream must match a recorded stream, got '${pattern}'. Recorded streams: ${streams.join(', ')}.`,
      );
  return streams.filter((name) => patterns.some((pattern) => matches(pattern, name)));
}
