import { Command } from '@commander-js/extra-typings';
import { causeLabels } from '../core/alarms/finding.ts';
import { frameCount, type Block } from '../core/blocks/block.ts';
import { checkDetectorOptions, type Alarm, type Detected } from '../core/detector/detector.ts';
import { framesBetween, type FalseAlarms } from '../core/detector/alarm-budget.ts';
import { Pipeline } from '../core/pipeline/pipeline.ts';
import { csvWriter } from '../formats/index.ts';
import { channelsText, detectSummary, falseAlarmsText, grouped, rarity } from './alarm-text.ts';
import { counted, share } from './amounts.ts';
import { asUsage, UsageError } from './failure.ts';
import { falseAlarmsOption, referenceOption } from './options.ts';
import { checkOutputs, outputFile, writeOutput } from './output-file.ts';
import { progress } from './progress.ts';
import { csvHelp, readRecordingOf, recordingFormats } from './read-recording.ts';
import { type ReadingValues, readOptionsOf, withReadingOptions } from './reading-options.ts';
import { detectReport } from './report/detect-report.ts';
import { ReportTrace } from './report/report-content.ts';
import { runPipeline } from './run-pipeline.ts';

type DetectOptions = ReadingValues & {
  output?: string;
  report?: string;
  falseAlarms: FalseAlarms;
  reference?: number;
};

/** `tapline detect`: finds anomalies in a recording. */
export function detectCommand(): Command<[string], DetectOptions> {
  const command = new Command('detect')
    .summary('Find anomalies in a recording')
    .description(
      'Find anomalies in a recording. The recording is read frame by frame, like a live stream. The detector learns normal behavior as it reads, and reports when and on which channels the signal leaves its normal range, and how rare that is.',
    )
    .argument('<input>', `Recording: ${recordingFormats}`)
    .option(
      '-o, --output <file>',
      'CSV file for the scores, or - for standard output: score, alarm, and share of each channel per frame',
    )
    .option('--report <file>', 'HTML file for a report with the signal, the score, and the alarms')
    .option(...falseAlarmsOption, '1/month')
    .addOption(referenceOption());
  return withReadingOptions(command)
    .addHelpText('after', `${csvHelp}\nExample:\n  tapline detect recording.csv --report report.html`)
    .action(async (input, { output, report, falseAlarms, reference, ...reading }) => {
      asUsage(() => checkDetectorOptions({ falseAlarms, reference }));
      checkOutputs([output === '-' ? undefined : output, report], [input]);
      const line = progress();
      const recording = await readRecordingOf(input, readOptionsOf(reading), line);
      if (reference !== undefined && reference >= recording.frames)
        throw new UsageError(
          `--reference must be less than the ${recording.frames} frames of ${input}, got ${reference}`,
        );
      const labels = recording.channels.map(({ label }) => label);
      const pipeline = Pipeline.create(
        { gaps: { policy: 'none' }, detect: { falseAlarms, reference } },
        { shape: { channels: labels.length, rate: recording.rate } },
      );
      const writer = csvWriter(['score', 'alarm', ...labels.map((label) => `share of ${label}`)]);
      const file = output === undefined ? undefined : outputFile(output);
      const trace = new ReportTrace(framesBetween(falseAlarms, recording.rate));
      const raised: Alarm[] = [];
      let done = 0;
      file?.write(writer.header());
      for (const { raw, detected } of runPipeline(pipeline, recording.blocks)) {
        if (!detected) continue;
        raised.push(...detected.alarms);
        file?.write(writer.rows(scoreRows(detected)));
        trace.push(raw, detected.score);
        done += frameCount(raw);
        line.show(`Detecting ${share(done, recording.frames)}`);
      }
      pipeline.close();
      file?.close();
      line.clear();
      const alarms = grouped(raised);
      if (output !== '-') process.stdout.write(alarmLines(alarms, labels, recording.rate));
      if (report !== undefined) {
        const accepted = falseAlarmsText(falseAlarms);
        writeOutput(
          report,
          detectReport({ input, labels, rate: recording.rate, falseAlarms: accepted, alarms, trace }),
        );
      }
      process.stderr.write(detectSummary(alarms.length, recording.frames, falseAlarms, recording.rate));
    });
}

/** Score, alarm, and shares as the columns of one block; the score is NaN where no sample was read. */
function scoreRows({ score, shares, alarms }: Detected): Block {
  const { channels } = shares;
  const width = channels + 2;
  const data = new Float32Array(frameCount(score) * width);
  for (let t = 0; t < frameCount(score); t++) {
    data[t * width] = score.valid?.[t] === 0 ? NaN : score.data[t];
    data.set(shares.data.subarray(t * channels, (t + 1) * channels), t * width + 2);
  }
  for (const { index } of alarms) data[(index - score.start) * width + 1] = 1;
  return { ...score, data, channels: width };
}

/** One line per alarm: time, cause, channels, rarity, and how long it built up. */
function alarmLines(alarms: readonly Alarm[], labels: readonly string[], rate: number): string {
  return alarms
    .map((alarm) => {
      const since = alarm.index - alarm.since;
      const parts = [
        new Date(alarm.time).toISOString(),
        causeLabels[alarm.cause],
        channelsText(alarm, labels),
        rarity(alarm.score, rate),
        since > 0 ? `built up over ${counted(since, 'frame')}` : '',
      ];
      return `${parts.filter((part) => part !== '').join('  ')}\n`;
    })
    .join('');
}
