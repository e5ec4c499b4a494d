import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { alarmOptions } from '../../core/alarms/alarm-options.ts';
import { fields, invalid, oneOf, onlyFields } from '../../core/check.ts';
import { checkDetectorOptions } from '../../core/detector/detector.ts';
import type { FalseAlarms } from '../../core/detector/alarm-budget.ts';
import type { ReplaySettings } from '../../server/replayed-server.ts';
import { asUsage, UsageError, usageOf } from '../failure.ts';
import { parseJson } from '../parse-json.ts';
import { defaultPowerLine } from '../power-line.ts';
import { feedsWith } from '../serve.ts';
import { readLearners } from '../serve-learners.ts';

/** Settings to replay with. */
export interface NamedSettings extends ReplaySettings {
  /** Name in the output: the name of their file, or `default settings`. */
  readonly name: string;
}

const alarmFields = ['hysteresis', 'onDelay', 'offDelay', 'cooldown', 'escalateAfter', 'groupWithin'] as const;
const detectorFields = ['falseAlarms', 'reference'] as const;
const listFields = ['learn', 'network'] as const;
const allFields = [...detectorFields, ...alarmFields, ...listFields, 'networkInput', 'powerLine'];

/** The settings of `tapline serve` without options. */
export async function defaultSettings(): Promise<NamedSettings> {
  return settingsOf({}, 'default settings', '.');
}

/**
 * Reads a settings file: a JSON object with the options of `tapline serve` on which alarms and learners depend, by their names in
 * JavaScript, and the timing and grouping of alarms (`AlarmOptions`). Paths of `learn` and `network` are relative to its directory.
 * @throws UsageError that names the file and the field
 */
export async function readSettings(path: string): Promise<NamedSettings> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new UsageError(`${path}: file not found`) : usageOf(error, path);
  });
  const json = asUsage(() => parseJson(text), path);
  try {
    return await settingsOf(json, basename(path), dirname(path));
  } catch (error) {
    throw usageOf(usageOf(error).message, path);
  }
}

async function settingsOf(json: unknown, name: string, directory: string): Promise<NamedSettings> {
  const rule = 'an object such as { "falseAlarms": "1/week" }';
  const given = fields('the settings', json as Record<string, unknown>, rule);
  if (Array.isArray(given)) throw invalid('the settings', rule, given, TypeError);
  onlyFields('the settings', given, allFields);
  const nothing = Object.entries(given).find(([, value]) => value === null);
  if (nothing) throw invalid(nothing[0], 'omitted, or a value', null, TypeError);
  const { falseAlarms, reference } = given as { falseAlarms?: FalseAlarms; reference?: number };
  if (falseAlarms !== undefined && typeof falseAlarms !== 'number' && typeof falseAlarms !== 'string')
    throw invalid('falseAlarms', "a count per time, such as '1/month', or a number of frames", falseAlarms, TypeError);
  checkDetectorOptions({ falseAlarms, reference });
  const times = Object.fromEntries(alarmFields.flatMap((field) => (field in given ? [[field, given[field]]] : [])));
  alarmOptions(times);
  const { networkInput = 'raw', powerLine = defaultPowerLine() } = given;
  const [learn, network] = listFields.map((field) => assignments(field, given[field], directory));
  return {
    name,
    feed: await feedsWith(network, oneOf('networkInput', networkInput, ['raw', 'standardized'] as const)),
    learners: await readLearners(learn),
    powerLine: checkedPowerLine(powerLine),
    // as `tapline serve` without options
    alarms: { falseAlarms: falseAlarms ?? '1/month', reference, ...times },
  };
}

function checkedPowerLine(powerLine: unknown): number {
  if (powerLine !== 50 && powerLine !== 60) throw invalid('powerLine', '50 or 60', powerLine);
  return powerLine;
}

/** Checks a list of `<stream>=<file>`. Relative paths become paths within the directory. */
function assignments(field: string, value: unknown, directory: string): string[] {
  if (value === undefined) return [];
  const rule = 'a list of <stream>=<file>, such as ["headset=learner.json"]';
  if (!Array.isArray(value)) throw invalid(field, rule, value, TypeError);
  return value.map((each: unknown) => {
    const at = typeof each === 'string' ? each.indexOf('=') : -1;
    if (typeof each !== 'string' || at <= 0 || at === each.length - 1) throw invalid(field, rule, each, TypeError);
    return `${each.slice(0, at + 1)}${resolve(directory, each.slice(at + 1))}`;
  });
}
