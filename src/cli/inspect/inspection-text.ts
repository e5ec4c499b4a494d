import { frameCount, timeOf } from '../../core/blocks/block.ts';
import type { Recording } from '../../formats/recording.ts';
import { counted, duration } from '../amounts.ts';
import { textTable } from '../text-table.ts';
import { summarize } from './channel-summary.ts';
import { framesOf, type Inspection, lastFrames, type Frame } from './inspection.ts';

const formats: Readonly<Record<Recording['format'], string>> = {
  csv: 'CSV',
  openbci: 'OpenBCI text',
  edf: 'EDF',
  bdf: 'BDF',
  gdf: 'GDF',
  xdf: 'XDF',
  brainvision: 'BrainVision',
  wfdb: 'WFDB',
};
const rateSources = { options: 'set by --rate', header: 'from the header', times: 'from the times' };

const sparklineWidth = 32;
const shownRows = 3;
const rowChannels = 8;
const shownChannels = 100;
const shownItems = 20;

/** What a reader made of a file, as text: its properties, channels, first and last rows, gaps, events, and notes. */
export function inspectionText(path: string, recording: Recording, about: Inspection): string {
  const { channels } = recording;
  const sections = [
    properties(path, recording, about),
    channels.length > 0 ? channelTable(recording) : '',
    recording.frames > 0 ? rowTable(recording, about) : '',
    listed('Gaps', gapLines(recording, about), countOf(about.gaps)),
    listed(
      'Segments after the first one',
      about.segments.map((time) => `at ${time} s`),
      countOf(about.segments),
    ),
    listed(
      'Events',
      about.marks.map(({ time, duration: lasts, label }) =>
        cell(`${rounded(time)} s  ${label}${lasts > 0 ? ` (${rounded(lasts)} s)` : ''}`),
      ),
      recording.marks?.length ?? 0,
    ),
    listed('Notes', about.notes.map(cell), about.notes.length, Infinity),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function properties(path: string, recording: Recording, about: Inspection): string {
  const { frames, lost, start, rate, localTime, labelColumns, channels } = about;
  const seconds = durationOf(recording);
  const rows = [
    ['File', path],
    ['Format', [formats[about.format], about.encoding, about.kind?.toUpperCase()].filter(Boolean).join(', ')],
    ['Start', start === null ? 'unknown' : `${start}${localTime ? ' (no time zone; read as UTC)' : ''}`],
    ['Duration', `${duration(seconds)}`],
    ['Sampling rate', rate > 0 ? `${rounded(rate)} Hz (${rateSources[about.rateSource]})` : irregular(recording)],
    ['Frames', `${frames}${lost > 0 ? `, and ${lost} missing` : ''}`],
    ['Channels', String(channels.length)],
    ...(labelColumns.length > 0 ? [['Skipped labels', labelColumns.join(', ')]] : []),
  ];
  return textTable(
    rows.map((row) => row.map(cell)),
    'left',
  );
}

function irregular({ rate }: Recording): string {
  return `irregular (${rounded(rate)} Hz is assumed where a rate is needed)`;
}

/** Seconds from the first frame to the end of the last one. */
function durationOf({ blocks }: Recording): number {
  const last = blocks.at(-1);
  return last ? (timeOf(last, last.start + frameCount(last)) - blocks[0].time) / 1000 : 0;
}

function channelTable({ blocks, channels }: Recording): string {
  const rows = summarize(blocks, channels.length, sparklineWidth).map(({ min, mean, max, missing, sparkline }, c) => {
    const { label, unit = '' } = channels[c];
    return [cell(label), cell(unit), ...[min, mean, max].map(rounded), String(missing), sparkline];
  });
  const head = ['Channel', 'Unit', 'Min', 'Mean', 'Max', 'Missing', 'Signal'];
  return `${textTable([head, ...rows.slice(0, shownChannels)], 'left')}${more(rows.length, shownChannels)}`;
}

/** The first and last rows of the first channels. */
function rowTable({ blocks, channels, frames }: Recording, { start }: Inspection): string {
  const time = (frame: Frame) =>
    start === null ? `${rounded((frame.time - blocks[0].time) / 1000)} s` : new Date(frame.time).toISOString();
  const row = (frame: Frame) => [
    time(frame),
    ...frame.samples.slice(0, rowChannels).map((each) => String(each ?? '-')),
  ];
  const first = [...framesOf(blocks, shownRows)].map(row);
  const last = [...lastFrames(blocks, Math.min(shownRows, Math.max(0, frames - shownRows)))].reverse().map(row);
  const omitted = frames > 2 * shownRows ? [['…', ...first[0].slice(1).map(() => '…')]] : [];
  const head = ['Time', ...channels.slice(0, rowChannels).map(({ label }) => cell(label))];
  return `${textTable([head, ...first, ...omitted, ...last])}${more(channels.length, rowChannels, 'channels')}`;
}

function gapLines({ rate }: Recording, { gaps }: Inspection): string[] {
  return gaps.map(({ from, count }) => `${counted(count, 'frame')} from frame ${from} (${rounded(count / rate)} s)`);
}

function listed(title: string, lines: readonly string[], count: number, shown = shownItems): string {
  if (lines.length === 0) return '';
  const text = lines
    .slice(0, shown)
    .map((line) => `  ${line}\n`)
    .join('');
  return `${title}\n${text}${more(count, Math.min(shown, lines.length))}`;
}

function more(count: number, shown: number, noun = ''): string {
  return count > shown ? `  … and ${count - shown} more${noun && ` ${noun}`}\n` : '';
}

function countOf(items: readonly unknown[]): number {
  return items.length;
}

function rounded(number: number): string {
  return Number.isNaN(number) ? '-' : String(Number(number.toPrecision(6)));
}

/** Text of a file on one line, without control characters, which a terminal would execute. */
function cell(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}
