import type { TimeUnit } from '../core/blocks/time-unit.ts';
import { parseText } from './check-message.ts';
import { readCsvRows } from './csv-rows.ts';
import { type IngestMessage, readIngestList } from './ingest.ts';
import { readLineProtocol } from './line-protocol.ts';
import type { Limits } from './limits.ts';
import { numbered } from './numbered.ts';
import { ProtocolError } from './protocol-error.ts';

/** Content of an HTTP request. */
export interface PostBody {
  messages: IngestMessage[];
  /** Measurement and tags, if the content is line protocol. */
  series?: string;
}

/** Format of the content of a request. */
type BodyFormat = 'json' | 'lines' | 'csv' | 'influx' | 'text';

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
  // what curl -d sends; accepted for JSON only
  'application/x-www-form-urlencoded': 'lines',
};

/** The supported content types, for error messages. */
export const contentTypes =
  'application/json, application/x-ndjson (JSON lines), text/csv, or text/plain (InfluxDB line protocol)';

/** Whether the content type of a request is supported; without one, the content must be JSON or line protocol. */
export function isSupported(contentType: string | undefined): boolean {
  return Object.hasOwn(formats, mediaType(contentType));
}

/**
 * Parses the content of a request to `/ingest/<stream>`. JSON of several lines that is not one value is read as JSON lines.
 * @throws ProtocolError that names the line
 */
export function readPostBody(
  text: string,
  contentType: string | undefined,
  limits: Limits,
  precision?: TimeUnit,
): PostBody {
  const format = formats[mediaType(contentType)];
  if (format === 'csv') return { messages: readCsvRows(text, limits) };
  const isJson = format !== 'text' || /^\s*[[{]/.test(text);
  if (isJson) return { messages: readJson(text, limits) };
  if (csvRow.test(text))
    throw new ProtocolError(
      'bad-message',
      'text/plain must be InfluxDB line protocol or JSON, got CSV; send it as text/csv',
    );
  const { series, samples } = readLineProtocol(text, limits, precision);
  return { messages: samples, series };
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
  throw new ProtocolError('bad-time', `precision must be one of s, ms, us, ns, got '${given.slice(0, 40)}'`);
}

/** A text whose first line has separators, but no field of line protocol. */
const csvRow = /^[^=\n]*[,;\t][^=\n]*(\n|$)/;

function mediaType(contentType = 'text/plain'): string {
  return contentType.split(';')[0].trim().toLowerCase();
}

/** Reads one JSON value, or one per line. */
function readJson(text: string, limits: Limits): IngestMessage[] {
  const lines = text.split('\n').map((line, i) => ({ line, at: i + 1 }));
  const filled = lines.filter(({ line }) => line.trim() !== '');
  if (filled.length < 2 || !isWhole(filled[0].line)) return readIngestList(parseText(text), limits);
  return filled.flatMap(({ line, at }) => numbered(`line ${at}`, () => readIngestList(parseText(line), limits)));
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
