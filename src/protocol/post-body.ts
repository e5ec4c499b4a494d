import type { TimeUnit } from '../core/blocks/time-unit.ts';
import { mapInSlices, type Slices } from '../core/slices.ts';
import { parseTextInSlices, show } from './check-message.ts';
import { readCsvRows } from './csv-rows.ts';
import { type IngestMessage, parseIngestList, readIngestList } from './ingest.ts';
import { readLineProtocol } from './line-protocol.ts';
import type { Limits } from './limits.ts';
import { namedFrame } from './named-samples.ts';
import { isTimeName, stampAmong } from './time-field.ts';
import { numbered } from './numbered.ts';
import { ProtocolError } from './protocol-error.ts';

/** Content of an HTTP request. */
export interface PostBody {
  messages: IngestMessage[];
  /** Measurement and tags, if the content is line protocol. */
  series?: string;
}

/** Format of the content of a request. */
type BodyFormat = 'json' | 'lines' | 'csv' | 'text' | 'form';

const formats: Readonly<Record<string, BodyFormat>> = {
  'application/json': 'json',
  'text/json': 'json',
  'application/x-ndjson': 'lines',
  'application/ndjson': 'lines',
  'application/jsonl': 'lines',
  'application/x-jsonlines': 'lines',
  'text/csv': 'csv',
  'text/tab-separated-values': 'csv',
  'text/plain': 'text',
  'application/x-www-form-urlencoded': 'form',
};

/** The supported content types, for error messages. */
export const contentTypes =
  'application/json, application/x-ndjson (JSON lines), text/csv, or text/plain (InfluxDB line protocol)';

/** Whether the content type of a request is supported; without one, the content must be JSON or line protocol. */
export function isSupported(contentType: string | undefined): boolean {
  return Object.hasOwn(formats, mediaType(contentType));
}

/**
 * Parses the content of a request to `/ingest/<stream>`, in slices. JSON of several lines that is not one value is read as JSON lines.
 * @throws ProtocolError that names the line
 */
export function* readPostBody(
  text: string,
  contentType: string | undefined,
  limits: Limits,
  precision?: TimeUnit,
): Slices<PostBody> {
  const format = formats[mediaType(contentType)];
  if (format === 'csv') return { messages: readCsvRows(text, limits) };
  if (format === 'form' && !/^\s*[[{]/.test(text)) return { messages: [readForm(text, limits)] };
  const isJson = format !== 'text' || /^\s*[[{]/.test(text);
  if (isJson) return { messages: yield* readJson(text, limits) };
  if (isCsvRow(text))
    throw new ProtocolError(
      'bad-message',
      'text/plain must be InfluxDB line protocol or JSON, got CSV; send it as text/csv',
    );
  const { series, samples } = readLineProtocol(text, limits, precision);
  return { messages: samples, series };
}

/** Reads the fields of a form, such as `temperature=21.5&humidity=40`. `curl -d` sends any text as a form. */
function readForm(text: string, limits: Limits): IngestMessage {
  if (!/^[^=&\s]+=[^\s]*$/.test(text.trim()))
    throw new ProtocolError(
      'bad-message',
      `a form must be JSON or fields such as temperature=21.5&humidity=40, got ${show(text.trim())}; set the Content-Type of other formats: text/csv for CSV, or text/plain for line protocol`,
    );
  const fields = [...new URLSearchParams(text.trim())].map(([name, value]) => [name, formValue(value)] as const);
  const times = fields.filter(([name]) => isTimeName(name));
  return namedFrame(
    fields.filter(([name]) => !isTimeName(name)),
    stampAmong(times),
    limits,
  );
}

/** A number, or null for an empty value; other text stays text. */
function formValue(value: string): unknown {
  if (value.trim() === '') return null;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value.trim()) ? Number(value) : value;
}

const precisions: Readonly<Record<string, TimeUnit>> = {
  s: 's',
  ms: 'ms',
  us: 'us',
  u: 'us',
  µs: 'us',
  ns: 'ns',
  n: 'ns',
};

/** Returns the precision in a query: s, ms, us, or ns. Throws a ProtocolError ('bad-time') for another. */
export function precisionOf(search: URLSearchParams): TimeUnit | undefined {
  const given = search.get('precision');
  if (given === null || Object.hasOwn(precisions, given)) return precisions[given ?? ''];
  throw new ProtocolError('bad-time', `precision must be one of s, ms, us, ns, got ${show(given)}`);
}

/** Whether the first line of a text has separators, but no field of line protocol. */
function isCsvRow(text: string): boolean {
  const [line] = text.split('\n', 1);
  return !line.includes('=') && /[,;\t]/.test(line);
}

function mediaType(contentType = 'text/plain'): string {
  return contentType.split(';')[0].trim().toLowerCase();
}

/** Cost of reading a line of JSON in ns. */
const lineCost = 8000;

/** Reads one JSON value, or one per line. */
function* readJson(text: string, limits: Limits): Slices<IngestMessage[]> {
  const lines = text.split('\n').map((line, i) => ({ line, at: i + 1 }));
  const filled = lines.filter(({ line }) => line.trim() !== '');
  if (filled.length < 2 || !isWhole(filled[0].line))
    return yield* readIngestList(yield* parseTextInSlices(text), limits);
  const read = ({ line, at }: (typeof filled)[number]) =>
    numbered(
      () => `line ${at}`,
      () => parseIngestList(line, limits),
    );
  return (yield* mapInSlices(filled, lineCost, read)).flat();
}

/** Whether a line is a JSON value, so that further lines are further values. */
function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
