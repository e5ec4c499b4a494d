const extract = 'Extract the recording first.';
const decompress = 'Decompress it first.';
const convert = 'Convert it to EDF, for example with MNE-Python: mne.io.read_raw(path).export(newPath).';
const spreadsheet = 'Save it as CSV.';

/** A format that is not read: its first bytes as Latin-1, bytes that follow somewhere, and what it is. */
interface Signature {
  readonly start: string;
  /** Position of `start`. Default: 0. */
  readonly at?: number;
  readonly contains?: string;
  /** What the file is, and what to do, as two sentences. */
  readonly sentence: string;
}

const zip = 'PK\x03\x04';
const excel = `this is an Excel workbook (xlsx) or another Office document. ${spreadsheet}`;
const pickle = 'this is a Python pickle. Save the data as CSV, for example with pandas: to_csv.';
const picture = 'this is an image. Open the recording itself.';
const matlab =
  'this is a MATLAB file (.mat, or .set of EEGLAB). Save the signals as CSV with writematrix, or export them as EDF.';

/** Longer signatures precede shorter ones that also match. */
const signatures: readonly Signature[] = [
  { start: zip, contains: 'xl/', sentence: excel },
  { start: zip, contains: '[Content_Types].xml', sentence: excel },
  { start: zip, contains: 'opendocument', sentence: `this is an OpenDocument spreadsheet (ods). ${spreadsheet}` },
  {
    start: zip,
    contains: '.npy',
    sentence: 'this is a NumPy archive (npz). Save the array as CSV with numpy.savetxt.',
  },
  { start: zip, sentence: `this is a zip archive. ${extract}` },
  { start: 'PK\x05\x06', sentence: 'this is an empty zip archive.' },
  {
    start: '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1',
    sentence: `this is an Excel workbook (xls) or another Office file. ${spreadsheet}`,
  },
  {
    start: 'PAR1',
    sentence: 'this is a Parquet file. Save it as CSV, for example with pandas: read_parquet(path).to_csv(newPath).',
  },
  ...['ARROW1', 'FEA1'].map((start) => ({
    start,
    sentence:
      'this is an Arrow (Feather) file. Save it as CSV, for example with pandas: read_feather(path).to_csv(newPath).',
  })),
  { start: 'MATLAB 5.0 MAT-file', sentence: matlab },
  { start: 'MATLAB 7.3 MAT-file', sentence: matlab },
  {
    start: '\x89HDF\r\n\x1a\n',
    sentence:
      'this is an HDF5 file (MATLAB 7.3 and EEGLAB also write this format). Save the signals as CSV, or export them as EDF.',
  },
  { start: '\0\0\0\x64\0\0\0\x1f\0\0\0\x14', sentence: `this is a FIF file. ${convert}` },
  { start: 'Version 3.', contains: '\0', sentence: `this is a Neuroscan file (CNT). ${convert}` },
  { start: '* MICROMED', sentence: `this is a Micromed file (TRC). ${convert}` },
  ...['EEG-1100', 'EEG-2100'].map((start) => ({ start, sentence: `this is a Nihon Kohden file. ${convert}` })),
  { start: '\x93NUMPY', sentence: 'this is a NumPy array (npy). Save it as CSV with numpy.savetxt.' },
  ...['\x80\x02', '\x80\x03', '\x80\x04\x95', '\x80\x05\x95'].map((start) => ({ start, sentence: pickle })),
  { start: 'SQLite format 3\0', sentence: 'this is an SQLite database. Export a table as CSV.' },
  { start: 'TDSm', sentence: 'this is a LabVIEW file (TDMS). Save it as CSV.' },
  { start: 'MDF     ', sentence: 'this is an MDF file (ASAM). Save it as CSV.' },
  { start: 'RIFF', contains: 'WAVE', sentence: 'this is an audio file (WAV). Save the samples as CSV.' },
  { start: '%PDF-', sentence: 'this is a PDF document. Save the data as CSV.' },
  { start: '\x89PNG', sentence: picture },
  { start: '\xff\xd8\xff', sentence: picture },
  { start: '\x1f\x8b', sentence: `this file is compressed (gzip). ${decompress}` },
  { start: 'BZh', contains: '1AY&SY', sentence: `this file is compressed (bzip2). ${decompress}` },
  { start: '\xfd7zXZ\0', sentence: `this file is compressed (xz). ${decompress}` },
  { start: '\x28\xb5\x2f\xfd', sentence: `this file is compressed (Zstandard). ${decompress}` },
  { start: '7z\xbc\xaf\x27\x1c', sentence: `this is a 7z archive. ${extract}` },
  { start: 'Rar!\x1a\x07', sentence: `this is a RAR archive. ${extract}` },
  { start: 'ustar', at: 257, sentence: `this is a tar archive. ${extract}` },
];

/** Number of bytes that are searched for the content of a signature. */
const searched = 1 << 16;

/**
 * Recognizes formats that are not read by their first bytes. Returns a sentence that names the format and what to do;
 * undefined if the bytes are not the start of a known one.
 */
export function foreignFormat(head: Uint8Array): string | undefined {
  const begins = ({ start, at = 0 }: Signature) =>
    head.length >= at + start.length && [...start].every((char, i) => head[at + i] === char.charCodeAt(0));
  const contains = ({ contains: part = '' }: Signature) =>
    part === '' || latin1(head.subarray(0, searched)).includes(part);
  return signatures.find((signature) => begins(signature) && contains(signature))?.sentence;
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}
