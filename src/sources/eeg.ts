export type { EegEvent } from './eeg/behaviour.ts';
export { eegChannels, EegSimulator } from './eeg/simulator.ts';
export type { EegOptions, SimulatedEeg } from './eeg/simulator.ts';
export { eegSource, simulateEeg } from './eeg/source.ts';
export type { EegSourceOptions } from './eeg/source.ts';
