import { concatMap, map, merge, share, type Observable } from 'rxjs';
import {
  eegChannels,
  publish,
  simulateEeg,
  type EegOptions,
  type PublishEvent,
  type PublishOptions,
} from '../sources/index.ts';

/**
 * Publishes the simulated headset as `<name>`, with its events as marks, and its true alpha amplitude as `<name>.alpha`.
 * Both streams come from one run of one simulator. `address` returns the address of a stream.
 */
export function publishHeadset(
  address: (stream: string) => string,
  name: string,
  simulator: EegOptions = {},
  options: PublishOptions = {},
): Observable<PublishEvent> {
  const { rate = 250 } = simulator;
  const parts = simulateEeg(simulator).pipe(share());
  const headset = publish(
    address(name),
    { channels: eegChannels, rate, kind: 'simulated eeg' },
    parts.pipe(map(({ eeg }) => eeg)),
    { ...options, marks$: parts.pipe(concatMap(({ events }) => events)) },
  );
  const groundTruth = publish(
    address(`${name}.alpha`),
    { channels: [{ label: 'alpha', unit: 'uV' }], rate, kind: 'truth', for: name },
    parts.pipe(map(({ alpha }) => alpha)),
    options,
  );
  return merge(headset, groundTruth);
}
