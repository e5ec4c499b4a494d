import { expect, test } from 'vitest';
import { channelsOf } from '../../src/formats/choose-signals.ts';
import { channelTypeOf } from '../../src/formats/channel-type.ts';

test.each([
  ['EEG Fz', '', '', 'EEG'],
  ['EEG Fpz-Cz', 'µV', '', 'EEG'],
  ['Fc5.', 'µV', '', 'EEG'],
  ['T8-P8', 'µV', '', 'EEG'],
  ['AFF1h', 'V', '', 'EEG'],
  ['A1', 'µV', '', 'EEG'],
  ['x', '', 'EEG', 'EEG'],
  ['x', 'µV', 'EEG cap', 'EEG'],
  ['ECG', 'mV', '', 'ECG'],
  ['EEG EKG-REF', 'µV', '', 'ECG'],
  ['MLII', 'mV', '', 'ECG'],
  ['aVR', 'mV', '', 'ECG'],
  ['EOG-L', 'µV', 'AgAgCl electrode', 'EOG'],
  ['EOG horizontal', 'µV', '', 'HEOG'],
  ['HEOGR', 'µV', '', 'HEOG'],
  ['Veog', 'µV', '', 'VEOG'],
  ['EMG submental', 'µV', '', 'EMG'],
  ['Chin 1', 'µV', '', 'EMG'],
  ['SEEG LA1', 'µV', '', 'SEEG'],
  ['Resp oro-nasal', '', '', 'RESP'],
  ['Nasal flow', '', '', 'RESP'],
  ['SaO2', '%', '', 'SAO2'],
  ['SpO2.BB', '%', '', 'SAO2'],
  ['Temp rectal', '', '', 'TEMP'],
  ['skin', '°C', '', 'TEMP'],
  ['finger', 'µS', '', 'GSR'],
  ['Acc_X', 'g', '', 'ACCEL'],
  ['Status', 'Boolean', '', 'TRIG'],
  ['Event marker', '', '', 'TRIG'],
])('a channel %j in %j, described as %j, has the type %s', (label, unit, transducer, type) => {
  expect(channelTypeOf({ label, unit, transducer })).toBe(type);
});

test.each([
  ['Fz', 'mmHg', ''],
  ['Cz', '', ''],
  ['x', 'µV', ''],
  ['C1', '°', ''],
  ['Eccentricity', 'µV', 'AgAgCl electrode'],
  ['Tempo', '', ''],
])('a channel %j in %j, described as %j, has no type', (label, unit, transducer) => {
  expect(channelTypeOf({ label, unit, transducer })).toBe(undefined);
});

test('channels in volts are not EEG without a label or a description that says so', () => {
  const channels = ['x1', 'x2', 'x3'].map((label) => ({ label, unit: 'µV', transducer: '' }));
  expect(channelsOf(channels).kind).toBe(undefined);
  expect(channelsOf([...channels, { label: 'EEG', unit: '', transducer: '' }]).kind).toBe(undefined);
  expect(channelsOf(channels.map((channel) => ({ ...channel, transducer: 'EEG' }))).kind).toBe('eeg');
});
