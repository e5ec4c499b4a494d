/** How one sample lies in a file, lowest byte first. */
export interface SampleType {
  readonly bytes: number;
  read(view: DataView, at: number): number;
}

export const int16: SampleType = { bytes: 2, read: (view, at) => view.getInt16(at, true) };
export const int24: SampleType = {
  bytes: 3,
  read: (view, at) => view.getUint16(at, true) + view.getInt8(at + 2) * 65536,
};

/** The types by the codes that GDF has for them; of 64-bit integers above 2^53 the last digits are lost. */
export const sampleTypes: ReadonlyMap<number, SampleType> = new Map([
  [1, { bytes: 1, read: (view, at) => view.getInt8(at) }],
  [2, { bytes: 1, read: (view, at) => view.getUint8(at) }],
  [3, int16],
  [4, { bytes: 2, read: (view, at) => view.getUint16(at, true) }],
  [5, { bytes: 4, read: (view, at) => view.getInt32(at, true) }],
  [6, { bytes: 4, read: (view, at) => view.getUint32(at, true) }],
  [7, { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) }],
  [8, { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) }],
  [16, { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  [17, { bytes: 8, read: (view, at) => view.getFloat64(at, true) }],
  [255 + 24, int24],
  [511 + 24, { bytes: 3, read: (view, at) => view.getUint16(at, true) + view.getUint8(at + 2) * 65536 }],
] satisfies [number, SampleType][]);
