import { selectColumns } from '../columns.ts';
import { chooseColumns, type CsvColumns } from './csv-columns.ts';
import { CsvEvents, findEventColumns } from './csv-events.ts';
import { readRows } from './csv-rows.ts';
import { SourceColumn, sourceColumns } from './csv-series.ts';
import type { CsvTable } from './csv-table.ts';
import { FrameCollector, frameNextTo } from '../frame-collector.ts';
import { MissingRateError, ReadingError } from '../reading-error.ts';
import type { Channel, ReadOptions, Recording } from '../recording.ts';
import { sideBySide, sortFrames, type TableFrames } from './table-frames.ts';
import { splitUnit } from '../text/unit-name.ts';
import type { Times } from '../time/number-times.ts';
import { type Timeline, timelineOf } from '../time/timeline.ts';

/** Reads the recording in a table. Throws a ReadingError if it is ambiguous. */
export function csvRecording(table: CsvTable, options: ReadOptions): Recording {
  const { profiles, preamble } = table;
  const source =
    options.series === undefined ? undefined : new SourceColumn(table.columnOf(options.series, 'series'), profiles);
  const structural = [...(table.timeSource?.columns ?? []), ...table.ofQuery, ...(source ? [source.column] : [])];
  const ofEvents = table.writtenEvents ?? findEventColumns(profiles, table.alone, structural);
  const used = [...structural, ...ofEvents.labels, ...(ofEvents.duration === undefined ? [] : [ofEvents.duration])];
  const chosen = table.preamble
    ? writtenColumns(table, options)
    : chooseColumns(profiles, used, table.unnamed, options);
  const suspects = source || preamble ? [] : sourceColumns(profiles, used);
  const events = new CsvEvents(ofEvents);
  const { frames: rows, notes } = readRows(table, {
    columns: chosen.columns,
    values: preamble
      ? [...preamble.channels.keys()].map((channel) => channel + 1)
      : [...profiles.keys()].filter((column) => profiles[column].isNumeric && !used.includes(column)),
    events,
    sources: source ? [source] : suspects,
  });
  checkSources(suspects, rows, options);
  const frames = source ? sideBySide(rows, source) : options.sort ? sortFrames(rows) : rows;
  const timeline = clockOf(table, frames, options);
  const channels = channelsOf(table, chosen, source);
  const collector = new FrameCollector(channels.length, timeline.rate, timeline.start);
  for (let row = 0; row < frames.lines.length; row++)
    timeline.add(row, frames.samples.subarray(row * channels.length, (row + 1) * channels.length), collector);
  const collected = collector.end();
  const { rate, start: time } = timeline;
  return {
    format: 'csv',
    encoding: table.encoding,
    ...(preamble?.kind !== undefined && { kind: preamble.kind }),
    channels,
    ...timeline.facts,
    rate,
    time,
    ...collected,
    ...(chosen.labels.length > 0 && { labelColumns: chosen.labels.map((column) => table.names[column]) }),
    roles: source ? rolesOf(chosen, source) : chosen.roles,
    marks: events.marks(rate, (time) => frameNextTo(collected.blocks, rate, time)),
    notes: [...table.notes, ...timeline.notes, ...chosen.notes, ...notationNotes(table, chosen), ...notes],
  };
}

/** The columns of a table that `csvWriter` wrote: those of the options, or all channels. */
function writtenColumns({ names, preamble }: CsvTable, options: ReadOptions): CsvColumns {
  const channels = [...(preamble?.channels.keys() ?? [])].map((channel) => channel + 1);
  return { ...selectColumns(names, options, () => channels), labels: [], notes: [] };
}

/** Throws a ReadingError if the rows belong to several sources, unless the options say how to read them. */
function checkSources(suspects: readonly SourceColumn[], { times, lines }: TableFrames, options: ReadOptions): void {
  for (const suspect of suspects) {
    const conflict = options.sort ? undefined : suspect.conflict(times);
    if (conflict === undefined && (options.sort || options.columns || !suspect.alternates)) continue;
    const { name, sources } = suspect;
    const shown = sources.slice(0, 3).map((source) => `'${source}'`);
    const more = sources.length > 3 ? ', …' : '';
    const where = conflict === undefined ? '' : `line ${lines[conflict]}: time does not advance because `;
    throw new ReadingError(
      `${where}the rows belong to several sources, which the column '${name}' names (${shown.join(', ')}${more}).`,
      conflict === undefined ? ['series', 'columns'] : ['series'],
      [name],
    );
  }
}

/** The clock of the frames: their times, or the sampling rate alone. */
function clockOf(table: CsvTable, { times, lines }: TableFrames, { rate, maxGap }: ReadOptions): Timeline {
  const { timeSource, facts, preamble } = table;
  const stated = preamble?.rate || (timeSource?.rate ?? facts.rate);
  if (timeSource && table.times && times.length > 0 && times.some((time) => !Number.isNaN(time))) {
    const { undated, localTime, notes } = table.times;
    return timelineOf({
      times,
      name: timeSource.name,
      lines,
      notes,
      ...(undated && { undated }),
      ...(localTime && { localTime }),
      ...(rate !== undefined && { rate }),
      ...(stated !== undefined && { stated }),
      written: preamble !== undefined,
      irregular: preamble?.rate === 0,
      ...(maxGap !== undefined && { maxGap }),
    });
  }
  const eventsOnly = lines.length === 0 && table.times !== undefined;
  if (eventsOnly) return clockOfEvents(table.times, rate ?? stated ?? 1);
  const known = rate ?? stated;
  if (known === undefined) throw missingRate(table);
  return {
    rate: known,
    start: facts.start ?? 0,
    facts: {
      rateSource: rate === undefined ? 'header' : 'options',
      ...(facts.start === undefined && { undated: true }),
    },
    notes: [
      ...(timeSource ? [`The times in the column '${timeSource.name}' are not used.`] : []),
      ...(facts.start === undefined ? [] : ['The first two rows are read as the start and the sampling rate.']),
      ...(rate === undefined ? [`The file states a sampling rate of ${known} Hz.`] : []),
    ],
    add: (_, samples, frames) => frames.add(samples),
  };
}

/** The clock of a table that contains events only: it starts at the first one. */
function clockOfEvents({ times, undated, localTime, notes }: Times, rate: number): Timeline {
  const start = times.find((time) => !Number.isNaN(time)) ?? 0;
  const facts = { ...(undated && { undated }), ...(localTime && { localTime }) };
  return { rate, start, facts, notes, add: (_, samples, frames) => frames.add(samples) };
}

function missingRate({ timeSource, profiles }: CsvTable): MissingRateError {
  if (!timeSource) return new MissingRateError('the file has no time column.');
  const text = profiles[timeSource.columns[0]]?.firstText ?? '';
  return new MissingRateError(
    `the times in the column '${timeSource.name}' are in an unknown format${text && ` ('${text}')`}.`,
    ['timeFormat', 'rate'],
  );
}

/** The channels of the columns, and of every source if there are several. */
function channelsOf(
  { names, units, preamble, notations }: CsvTable,
  { columns }: CsvColumns,
  source?: SourceColumn,
): Channel[] {
  const own = columns.map((column): Channel => {
    if (preamble) return preamble.channels[column - 1] ?? { label: names[column] };
    const { label, unit } = splitUnit(names[column]);
    const known = units[column] || unit || notations[column].unit;
    return { label, ...(known !== '' && { unit: known }) };
  });
  if (!source) return own;
  return source.sources.flatMap((name) =>
    own.map((channel) => ({ ...channel, label: own.length === 1 ? name : `${name} ${channel.label}` })),
  );
}

function rolesOf({ columns, roles }: CsvColumns, { sources }: SourceColumn): Recording['roles'] {
  const everywhere = (places: readonly number[]) =>
    sources.flatMap((_, source) => places.map((place) => source * columns.length + place));
  return Object.fromEntries(Object.entries(roles).map(([role, places]) => [role, everywhere(places)]));
}

function notationNotes({ notations, names, timeSource }: CsvTable, { columns }: CsvColumns): string[] {
  const read = [...new Set([...(timeSource?.columns ?? []), ...columns])].sort((a, b) => a - b);
  const commas = read.filter((column) => notations[column].decimal === ',').map((column) => names[column]);
  const groups = read.filter((column) => notations[column].group !== undefined).map((column) => names[column]);
  return [
    ...(commas.length > 0 ? [`Decimal commas are read in the columns ${commas.join(', ')}.`] : []),
    ...(groups.length > 0 ? [`Digits in groups of three are read in the columns ${groups.join(', ')}.`] : []),
  ];
}
