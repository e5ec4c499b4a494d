import { writeFileSync } from 'node:fs';
import { Command } from '@commander-js/extra-typings';
import { frameCount, type Block } from '../core/blocks/block.ts';
import { checkDetectorOptions, Detector, type Alarm, type Detected } from '../core/detector/detector.ts';
import { framesBetween, type FalseAlarms } from '../core/detector/alarm-budget.ts';
import { csvWriter } from '../formats/index.ts';
import { csvHelp, readRecordingOf, recordingFormats } from './read-recording.ts';
import { causeLabels } from '../core/alarms/finding.ts';
import { channelsText, falseAlarmsText, gathered, rarity } from './alarm-text.ts';
import { counted } from './counted.ts';
import { detectReport } from './report/detect-report.ts';
import { detectSummary } from './detect-summary.ts';
import { ReportTrace } from './report/report-trace.ts';
import { integerFrom, list, numberOrText, positiveNumber } from './option-values.ts';
import { outputFile } from './output-file.ts';
import { progress, share } from './progress.ts';
import { checkTargets, targetFault } from './target-file.ts';
import { asUsage, UsageError } from './usage-error.ts';

type DetectOptions = {
  output?: string;
  report?: string;
  falseAlarms: FalseAlarms;
  reference?: number;
  columns?: (string | number)[];
  rate?: number;
};

/** `tapline detect INPUT [-o scores.csv] [--report out.html]`: what is out of the ordinary in a recording. */
export function detectCommand(): Command<[string], DetectOptions> {
  return new Command('detect')
    .summary('what is out of the ordinary in a recording')
    .description(
      'Read a recording as if it came live, learn what is usual while it runs, and tell when and on which channels it is not.',
    )
    .argument('<input>', `a recording: ${recordingFormats}`)
    .option('-o, --output <file>', "a score a frame as CSV, with each channel's share and the alarms")
    .option('--report <file>', 'one HTML file with signal, score and alarms')
    .option(
      '--false-alarms <rate>',
      'how many false alarms you put up with: 1/month, 6/hour, so many a second, minute, hour, day, week, month or year; a plain number is the mean frames between two, such as 10000',
      numberOrText,
      '1/month',
    )
    .option(
      '--reference <frames>',
      'commission for so many frames and tell slow wear away from them',
      integerFrom(1, Number.MAX_SAFE_INTEGER),
    )
    .option('--columns <list>', 'columns of the recording to take, by name or number from 1, such as 2-9', list)
    .option('--rate <hz>', 'frames a second, where the recording does not tell', positiveNumber('Hz'))
    .addHelpText('after', `${csvHelp}\nExample:\n  tapline detect recording.csv --report report.html`)
    .action(async (input, { output, report, falseAlarms, reference, columns, rate }) => {
      asUsage(() => checkDetectorOptions({ falseAlarms, reference }));
      checkTargets([output === '-' ? undefined : output, report], [input]);
      const line = progress();
      const recording = await readRecordingOf(input, { columns, rate }, line);
      if (reference !== undefined && reference >= recording.frames)
        throw new UsageError(
          `--reference must be fewer frames than ${input} has, which are ${recording.frames}, got ${reference}`,
        );
      const labels = recording.channels.map(({ label }) => label);
      const detector = new Detector(labels.length, recording.rate, { falseAlarms, reference });
      const writer = csvWriter(['score', 'alarm', ...labels.map((label) => `share of ${label}`)]);
      const file = output === undefined ? undefined : outputFile(output);
      const trace = new ReportTrace(framesBetween(falseAlarms, recording.rate));
      const raised: Alarm[] = [];
      let done = 0;
      file?.write(writer.header());
      for (const block of recording.blocks) {
        const detected = detector.push(block);
        raised.push(...detected.alarms);
        file?.write(writer.rows(scoreRows(detected)));
        trace.push(block, detected.score);
        done += frameCount(block);
        line.show(`listening ${share(done, recording.frames)}`);
      }
      file?.close();
      line.clear();
      const alarms = gathered(raised);
      const rateOfFalse = falseAlarmsText(falseAlarms);
      if (output !== '-') process.stdout.write(alarmLines(alarms, labels, recording.rate));
      if (report !== undefined) {
        const html = detectReport({ input, labels, rate: recording.rate, falseAlarms: rateOfFalse, alarms, trace });
        try {
          writeFileSync(report, html);
        } catch (error) {
          throw targetFault(report, error);
        }
      }
      process.stderr.write(detectSummary(alarms.length, recording.frames, falseAlarms, recording.rate));
    });
}

/** Score, alarm and shares side by side; NaN where nothing was read. */
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
