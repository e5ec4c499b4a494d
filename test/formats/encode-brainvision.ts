/** A recording to write. Entries are written as given, valid or not. */
export interface BrainvisionFile {
  format?: keyof typeof brainvisionTypes;
  vectorized?: boolean;
  /** Sampling interval in µs; none if ''. */
  interval?: number | string;
  /** Channels and their stored numbers, all of the same length. */
  channels: readonly { info: string; stored: readonly number[] }[];
  /** Number of channels in the header. Default: the actual number. */
  count?: number | string;
  /** Entries of the marker file, without their keys. */
  markers?: readonly string[];
  /** More entries of [Common Infos]. */
  common?: readonly string[];
  encode?: (text: string) => Uint8Array;
}

/** The formats of samples: their size in bytes and how to write one. */
export const brainvisionTypes = {
  INT_16: [2, (view: DataView, at: number, value: number) => view.setInt16(at, value, true)],
  UINT_16: [2, (view: DataView, at: number, value: number) => view.setUint16(at, value, true)],
  INT_32: [4, (view: DataView, at: number, value: number) => view.setInt32(at, value, true)],
  IEEE_FLOAT_32: [4, (view: DataView, at: number, value: number) => view.setFloat32(at, value, true)],
} as const;

/** Encodes the header, the markers, and the samples of BrainVision as specified. */
export function encodeBrainvision(file: BrainvisionFile): {
  'a.vhdr': Uint8Array;
  'a.vmrk': Uint8Array;
  'a.eeg': Uint8Array;
} {
  const { format = 'INT_16', vectorized = false, channels, encode = (text) => new TextEncoder().encode(text) } = file;
  const header = [
    'Brain Vision Data Exchange Header File Version 1.0',
    '; a comment',
    '',
    '[Common Infos]',
    'DataFile=a.eeg',
    'MarkerFile=a.vmrk',
    'DataFormat=BINARY',
    `DataOrientation=${vectorized ? 'VECTORIZED' : 'MULTIPLEXED'}`,
    `NumberOfChannels=${file.count ?? channels.length}`,
    ...(file.interval === '' ? [] : [`SamplingInterval=${file.interval ?? 4000}`]),
    ...(file.common ?? []),
    '',
    '[Binary Infos]',
    `BinaryFormat=${format}`,
    '',
    '[Channel Infos]',
    ...channels.map(({ info }, i) => `Ch${i + 1}=${info}`),
    '',
    '[Comment]',
    'Ch1=x,,9,V',
  ];
  const markers = [
    'Brain Vision Data Exchange Marker File, Version 1.0',
    '[Marker Infos]',
    ...(file.markers ?? ['New Segment,,1,1,0,20040302050607250000']).map((marker, i) => `Mk${i + 1}=${marker}`),
  ];
  const [size, write] = brainvisionTypes[format];
  const frames = channels[0].stored.length;
  const samples = new DataView(new ArrayBuffer(size * frames * channels.length));
  channels.forEach(({ stored }, channel) =>
    stored.forEach((value, frame) => {
      write(samples, size * (vectorized ? channel * frames + frame : frame * channels.length + channel), value);
    }),
  );
  return {
    'a.vhdr': encode(header.join('\r\n')),
    'a.vmrk': encode(markers.join('\r\n')),
    'a.eeg': new Uint8Array(samples.buffer),
  };
}
