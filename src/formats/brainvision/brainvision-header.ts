import { invalid, oneOf, positive } from '../../core/check.ts';
import { iniSections, type IniSection } from './ini.ts';
import { int16, sampleTypes, unitOf, type SampleType } from '../signal.ts';

/** The header of a BrainVision recording. */
export interface BrainvisionHeader {
  readonly dataFile: string;
  /** '' if there is none. */
  readonly markerFile: string;
  /** Whether the samples of each channel are consecutive, instead of those of each frame. */
  readonly vectorized: boolean;
  /** Number of frames; undefined if the header does not contain it. */
  readonly points: number | undefined;
  /** Sampling rate in Hz; undefined if the header does not contain it. */
  readonly rate: number | undefined;
  readonly type: SampleType;
  readonly channels: readonly BrainvisionChannel[];
}

/** A channel: sample in `unit` = `resolution` · stored number. */
export interface BrainvisionChannel {
  readonly label: string;
  readonly unit: string;
  readonly resolution: number;
}

const types = {
  INT_16: int16,
  UINT_16: sampleTypes.get(4) ?? int16,
  INT_32: sampleTypes.get(5) ?? int16,
  IEEE_FLOAT_32: sampleTypes.get(16) ?? int16,
};

/**
 * Parses a header file (.vhdr). Throws an Error that names the wrong entry.
 *
 *     [Common Infos]   DataFile, MarkerFile, DataFormat, DataOrientation, NumberOfChannels, SamplingInterval in µs
 *     [Binary Infos]   BinaryFormat
 *     [Channel Infos]  Ch1=<label>,<reference>,<resolution>,<unit>      commas in labels are written as \1
 *
 * A channel without a resolution has 1; one without a unit is in µV.
 * https://www.brainproducts.com/support-resources/brainvision-core-data-format-1-0/
 */
export function brainvisionHeader(text: string): BrainvisionHeader {
  if (/^[^\n]*Marker File/i.test(text))
    throw new Error('the file is a BrainVision marker file: read the header file (.vhdr) instead');
  const sections = iniSections(text);
  const section = (name: string) => sections.get(name.toLowerCase()) ?? (new Map() as IniSection);
  const common = section('Common Infos');
  oneOf('DataFormat', common.get('dataformat')?.toUpperCase() ?? 'BINARY', ['BINARY']);
  oneOf('DataType', common.get('datatype')?.toUpperCase() ?? 'TIMEDOMAIN', ['TIMEDOMAIN']);
  const binary = section('Binary Infos');
  oneOf('UseBigEndianOrder', binary.get('usebigendianorder')?.toUpperCase() ?? 'NO', ['NO']);
  const format = binary.get('binaryformat')?.toUpperCase() ?? '';
  const orientation = common.get('dataorientation')?.toUpperCase() ?? 'MULTIPLEXED';
  const dataFile = common.get('datafile') ?? '';
  if (dataFile === '') throw invalid('DataFile', 'the name of the file with the samples', dataFile);
  const points = common.get('datapoints');
  const interval = common.get('samplinginterval');
  return {
    dataFile,
    markerFile: common.get('markerfile') ?? '',
    type: types[oneOf('BinaryFormat', format, Object.keys(types) as (keyof typeof types)[])],
    vectorized: oneOf('DataOrientation', orientation, ['MULTIPLEXED', 'VECTORIZED']) === 'VECTORIZED',
    points: points ? count('DataPoints', points) : undefined,
    rate: interval ? 1e6 / positive('SamplingInterval', Number(interval), 'µs') : undefined,
    channels: channelsOf(section('Channel Infos'), count('NumberOfChannels', common.get('numberofchannels') ?? '')),
  };
}

function channelsOf(infos: IniSection, channels: number): BrainvisionChannel[] {
  if (infos.size < channels) throw invalid('Channel Infos', `${channels} channels, as in NumberOfChannels`, infos.size);
  return Array.from({ length: channels }, (_, i) => {
    const info = infos.get(`ch${i + 1}`);
    if (info === undefined) throw new Error(`Channel Infos must contain the channel Ch${i + 1}`);
    const [label, , resolution = '', unit = ''] = fieldsOf(info);
    const factor = resolution === '' ? 1 : Number(resolution);
    if (!Number.isFinite(factor) || factor === 0)
      throw invalid(`the resolution of Ch${i + 1}`, 'a number other than 0', resolution);
    return { label: withCommas(label) || `Ch${i + 1}`, unit: unitOf(unit || 'µV'), resolution: factor };
  });
}

/** The fields of a channel. Some writers use a decimal comma in the resolution. */
function fieldsOf(info: string): string[] {
  const [label, reference, whole = '', fraction = '', ...rest] = info.split(',').map((part) => part.trim());
  const isNumber = /^\d+$/.test(whole) && /^\d+$/.test(fraction) && rest.length > 0;
  return [label, reference, ...(isNumber ? [`${whole}.${fraction}`, ...rest] : [whole, fraction, ...rest])];
}

/** Text of a field, in which commas are written as `\1`. */
export function withCommas(text: string): string {
  return text.replaceAll('\\1', ',');
}

function count(name: string, text: string): number {
  const number = text === '' ? NaN : Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw invalid(name, 'an integer >= 1', text);
  return number;
}
