import { describe, expect, test } from 'vitest';
import { foreignFormat } from '../../src/formats/foreign-formats.ts';
import { readRecording } from '../../src/formats/read-recording.ts';

const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

describe('a file in a format that is not read', () => {
  test.each([
    ['PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0aaaabbbbccccdddd[Content_Types].xml', 'Excel workbook (xlsx)', 'CSV'],
    ['PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0aaaabbbbccccddddxl/workbook.xml', 'Excel workbook (xlsx)', 'CSV'],
    ['PK\x03\x04\x14\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet', 'OpenDocument', 'CSV'],
    ['PK\x03\x04\x14\0x.npy', 'npz', 'savetxt'],
    ['PK\x03\x04\x14\0recording.csv', 'zip archive', 'Extract'],
    ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'xls', 'CSV'],
    ['PAR1\x15\x04', 'Parquet', 'CSV'],
    ['MATLAB 5.0 MAT-file, Platform', 'MATLAB', 'CSV'],
    ['MATLAB 7.3 MAT-file, Platform', 'MATLAB', 'CSV'],
    ['\x89HDF\r\n\x1a\n', 'HDF5', 'EDF'],
    ['\0\0\0\x64\0\0\0\x1f\0\0\0\x14\0\0\0\0', 'FIF', 'EDF'],
    ['\x93NUMPY\x01\0v\0', 'npy', 'savetxt'],
    ['\x80\x04\x95\x10\0\0\0\0', 'pickle', 'CSV'],
    ['%PDF-1.7\n', 'PDF', 'CSV'],
    ['\x1f\x8b\x08\0\0\0\0\0', 'gzip', 'Decompress'],
    [`x.csv${'\0'.repeat(252)}ustar\0`, 'tar', 'Extract'],
  ])('%j is rejected by name, with what to do', (start, name, advice) => {
    const sentence = foreignFormat(bytesOf(start)) ?? '';
    expect(sentence).toContain(name);
    expect(sentence).toContain(advice);
    expect(() => readRecording(bytesOf(start))).toThrow(sentence);
  });

  test.each([
    '',
    'P',
    'PK',
    'time,a\n0,1\n',
    '%OpenBCI Raw EEG Data',
    '0       ',
    'Version 3,a\n1,2\n',
    'MATLAB,a\n1,2\n',
  ])('%j is not one of them', (start) => {
    expect(foreignFormat(bytesOf(start))).toBeUndefined();
  });
});
