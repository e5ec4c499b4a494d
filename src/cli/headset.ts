import {
  concatMap,
  distinctUntilChanged,
  EMPTY,
  map,
  merge,
  type Observable,
  share,
  BehaviorSubject,
  switchMap,
  tap,
} from 'rxjs';
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
 * While `<name>` waits until its name is free (`onReplaced: 'wait'`), `<name>.alpha` is not published either.
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
  const active$ = new BehaviorSubject(options.onReplaced !== 'wait');
  const headset = publish(
    address(name),
    { channels: eegChannels, rate, kind: 'simulated eeg' },
    parts.pipe(map(({ eeg }) => eeg)),
    {
      ...options,
      marks$: parts.pipe(concatMap(({ events }) => events)),
      waiting: (sentence) => {
        active$.next(false);
        options.waiting?.(sentence);
      },
    },
  ).pipe(
    tap((event) => {
      if (event.type === 'welcome') active$.next(true);
    }),
  );
  const groundTruth = publish(
    address(`${name}.alpha`),
    { channels: [{ label: 'alpha', unit: 'uV' }], rate, kind: 'truth', for: name },
    parts.pipe(map(({ alpha }) => alpha)),
    options,
  );
  return merge(
    active$.pipe(
      distinctUntilChanged(),
      switchMap((active) => (active ? groundTruth : EMPTY)),
    ),
    headset,
  );
}
