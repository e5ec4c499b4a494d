import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { UsageError } from './failure.ts';

/** A power-line frequency in Hz. */
export type PowerLine = 50 | 60;

/** The environment variable that sets the default of `--power-line`. */
const variable = 'TAPLINE_POWER_LINE';

/** Time zones outside America/ whose power grid runs at 60 Hz. */
const zones60 =
  /^(US|Canada|Mexico|Brazil)\/|^(EST|MST|HST|EST5EDT|CST6CDT|MST7MDT|PST8PDT|Cuba|Navajo|ROK|ROC)$|^Atlantic\/Bermuda$|^Asia\/(Seoul|Taipei|Manila|Riyadh)$|^Pacific\/(Honolulu|Johnston|Midway|Pago_Pago|Samoa|Wake|Guam|Saipan|Palau|Chuuk|Truk|Yap|Pohnpei|Ponape|Kosrae|Majuro|Kwajalein|Galapagos|Tahiti)$/;

/** Time zones in America/ whose power grid runs at 50 Hz. */
const americanZones50 =
  /^America\/(Argentina\/.+|Buenos_Aires|Catamarca|Cordoba|Jujuy|Mendoza|Rosario|Santiago|Punta_Arenas|Coyhaique|Montevideo|Asuncion|La_Paz|Jamaica|Barbados|Cayenne|Guadeloupe|Martinique|Dominica|Grenada|St_Lucia|St_Vincent|Curacao|Miquelon|Nuuk|Godthab|Danmarkshavn|Scoresbysund|Thule)$/;

/**
 * The power-line frequency of a time zone in Hz; 50 for zones that do not determine it. Japan has one time zone and both
 * frequencies: 50 Hz in the east (Tokyo), 60 Hz in the west (Osaka). The function returns 50 for it.
 */
export function powerLineOf(timeZone: string): PowerLine {
  if (timeZone.startsWith('America/')) return americanZones50.test(timeZone) ? 50 : 60;
  return zones60.test(timeZone) ? 60 : 50;
}

/** The environment that determines the default of `--power-line`. */
export interface Environment {
  /** The value of TAPLINE_POWER_LINE. */
  readonly setting: string | undefined;
  /** An IANA name, such as Europe/Berlin. */
  readonly timeZone: string;
}

/**
 * The default of `--power-line` in Hz: the value of TAPLINE_POWER_LINE, or else the frequency of the time zone.
 *
 * @throws UsageError if TAPLINE_POWER_LINE is neither 50 nor 60
 */
export function defaultPowerLine({ setting, timeZone }: Environment = environment()): PowerLine {
  if (!setting) return powerLineOf(timeZone);
  if (setting !== '50' && setting !== '60') throw new UsageError(`${variable} must be 50 or 60, got '${setting}'`);
  return setting === '60' ? 60 : 50;
}

/** `--power-line` of every command that uses the power-line frequency. Its value is undefined if it is not given. */
export function powerLineOption(what: string): Option<'--power-line <hz>', undefined, undefined, PowerLine> {
  const { setting, timeZone } = environment();
  const hz = setting ? `${setting}, from ${variable}` : `${powerLineOf(timeZone)}, from the time zone ${timeZone}`;
  return new Option(
    '--power-line <hz>',
    `${what}: 50 or 60 Hz (default: ${hz}; set ${variable} to change it)`,
  ).argParser((text): PowerLine => {
    if (text !== '50' && text !== '60') throw new InvalidArgumentError('It must be 50 or 60.');
    return text === '60' ? 60 : 50;
  });
}

function environment(): Environment {
  return { setting: process.env[variable], timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone };
}
