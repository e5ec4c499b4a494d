import { frameCount, timeOf } from '../../core/blocks/block.ts';
import { shortest } from '../../formats/csv/csv-writer.ts';
import type { Recording } from '../../formats/recording.ts';
import { counted, duration } from '../amounts.ts';
import { textTable } from '../text-table.ts';
import { summarize } from './channel-summary.ts';
import {
  type Frame,
  framesOf,
  type Gap,
  gapsOf,
  type InspectedMark,
  type Inspection,
  lastFrames,
} from './inspection.ts';

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
/** Maximum number of channels in the table of rows, and its width in characters. */
const [rowChannels, rowWidth] = [8, 100];
const shownChannels = 100;
const shownItems = 20;

/** Describes a recording as text: its properties, channels, first and last rows, gaps, events, and notes. */
export function inspectionText(path: string, recording: Recording, about: Inspection): string {
  const sections = [
    properties(path, recording, about),
    about.channels.length > 0 ? channelTable(recording) : '',
    about.frames > 0 ? rowTable(recording, about) : '',
    listed('Gaps', gapsOf(recording).map(gapLine(recording.rate))),
    listed('Events', about.marks.map(eventLine), recording.marks?.length),
    listed('Notes', about.notes),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function properties(path: string, recording: Recording, about: Inspection): string {
  const { frames, lost, start, rate, localTime, labelColumns } = about;
  const seconds = durationOf(recording);
  const rows = [
    ['File', path],
    ['Format', [formats[about.format], about.encoding, about.kind?.toUpperCase()].filter(Boolean).join(', ')],
    ['Start', start === null ? 'unknown' : `${start}${localTime ? ' (no time zone; read as UTC)' : ''}`],
    ['Duration', seconds < 60 ? `${rounded(seconds)} s` : duration(seconds)],
    ['Sampling rate', rate > 0 ? `${rounded(rate)} Hz (${rateSources[about.rateSource]})` : irregular(recording.rate)],
    ['Frames', `${frames}${lost > 0 ? `, and ${lost} missing` : ''}`],
    ['Channels', String(about.channels.length)],
    ...(labelColumns.length > 0 ? [['Skipped labels', labelColumns.join(', ')]] : []),
  ];
  return textTable(
    rows.map((row) => row.map(printable)),
    'left',
  );
}

function irregular(rate: number): string {
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
    return [printable(label), printable(unit), sample(min), rounded(mean), sample(max), String(missing), sparkline];
  });
  const head = ['Channel', 'Unit', 'Min', 'Mean', 'Max', 'Missing', 'Signal'];
  return `${textTable([head, ...rows.slice(0, shownChannels)], 'left')}${more(rows.length, shownChannels)}`;
}

/** The first and last rows, of as many channels as fit. */
function rowTable({ blocks, channels, frames }: Recording, { start }: Inspection): string {
  const time = (frame: Frame) =>
    start === null ? `${rounded((frame.time - blocks[0].time) / 1000)} s` : new Date(frame.time).toISOString();
  const row = (frame: Frame) => [time(frame), ...frame.samples.map((sample) => String(sample ?? '-'))];
  const first = [...framesOf(blocks, shownRows)].map(row);
  const last = [...lastFrames(blocks, Math.min(shownRows, Math.max(0, frames - shownRows)))].reverse().map(row);
  const omitted = frames > 2 * shownRows ? [first[0].map(() => '…')] : [];
  const rows = [['Time', ...channels.map(({ label }) => printable(label))], ...first, ...omitted, ...last];
  const table = (width: number) => textTable(rows.map((cells) => cells.slice(0, width + 1)));
  let width = Math.min(rowChannels, channels.length);
  while (width > 1 && table(width).indexOf('\n') > rowWidth) width--;
  return `${table(width)}${more(channels.length, width, ' channels')}`;
}

function gapLine(rate: number): (gap: Gap) => string {
  return ({ from, count }) => `${counted(count, 'frame')} (${rounded(count / rate)} s) from frame ${from}`;
}

function eventLine({ time, duration: lasts, label }: InspectedMark): string {
  return `${rounded(time)} s  ${label}${lasts > 0 ? ` (${rounded(lasts)} s)` : ''}`;
}

/** A title and the first lines below it; '' if there are none. `count`: number of lines, if not all are given. */
function listed(title: string, lines: readonly string[], count: number = lines.length): string {
  const shown = lines.slice(0, shownItems).map((line) => `  ${printable(line)}\n`);
  return shown.length > 0 ? `${title}\n${shown.join('')}${more(count, shown.length)}` : '';
}

function more(count: number, shown: number, noun = ''): string {
  return count > shown ? `  … and ${count - shown} more${noun}\n` : '';
}

function rounded(number: number): string {
  return Number.isNaN(number) ? '-' : String(Number(number.toPrecision(6)));
}

/** A sample as it is in the file. */
function sample(number: number): string {
  return Number.isNaN(number) ? '-' : String(Number(shortest(number)) + 0);
}

/** Text of a file on one line, without control characters, which a terminal would execute. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}
