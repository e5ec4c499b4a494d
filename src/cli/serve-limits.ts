import type { ServerOptions } from '../server/index.ts';
import { integerFrom, positiveNumber } from './options.ts';
import { type Command, Option, type OptionValues } from '@commander-js/extra-typings';

/** Limits of the server, as options of `tapline serve`. Omitted ones have the defaults of the server. */
export type LimitOptions = {
  maxStreams?: number;
  maxViewers?: number;
  maxConnectionsPerAddress?: number;
  maxWaiting?: number;
  maxChannels?: number;
  maxPayload?: number;
  maxText?: number;
  maxSlowed?: number;
  maxUnfinished?: number;
  helloTimeout?: number;
  messageTimeout?: number;
  trustProxy?: string[];
};

const count = integerFrom(1, Number.MAX_SAFE_INTEGER);
const seconds = positiveNumber('seconds');

/** Adds the options of the limits to a command. */
export function withLimits<T extends OptionValues>(command: Command<[], T>): Command<[], T & LimitOptions> {
  const options: [flags: string, description: string, parse: (text: string) => unknown][] = [
    ['--max-streams <count>', 'Maximum number of streams (default: 1000)', count],
    ['--max-viewers <count>', 'Maximum number of viewers (default: 256)', count],
    [
      '--max-connections-per-address <count>',
      'Maximum number of viewers, devices without a stream, and HTTP connections per address (default: 128 of each)',
      count,
    ],
    [
      '--max-waiting <count>',
      'Maximum number of devices without a stream, and of HTTP connections (default: 512 of each)',
      count,
    ],
    ['--max-channels <count>', 'Maximum number of channels per stream (default: 1024)', count],
    ['--max-payload <bytes>', 'Maximum size of a message in bytes (default: 1048576)', integerFrom(1024, 2 ** 30)],
    [
      '--max-text <bytes>',
      'Maximum size of a JSON message or an HTTP request in bytes (default: 262144)',
      integerFrom(1024, 2 ** 30),
    ],
    [
      '--max-unfinished <bytes>',
      'Maximum memory of incomplete messages, and of incomplete HTTP requests, in bytes (default: 134217728 of each)',
      count,
    ],
    ['--hello-timeout <seconds>', 'Time in seconds in which a device must open its stream (default: 30)', seconds],
    [
      '--message-timeout <seconds>',
      'Time in seconds in which a message or an HTTP request must be complete (default: 30)',
      seconds,
    ],
    [
      '--max-slowed <seconds>',
      'Time in seconds for which a device can send faster than its samples are processed, before it is disconnected (default: 600)',
      seconds,
    ],
    [
      '--trust-proxy <address,...>',
      'Use the client address in X-Forwarded-For of these reverse proxies (addresses or networks such as 10.0.0.0/8)',
      (text) => text.split(',').map((part) => part.trim()),
    ],
  ];
  for (const [flags, description, parse] of options) command.addOption(new Option(flags, description).argParser(parse));
  return command;
}

/** The limits as options of `createServer`. */
export function limitsOf({ helloTimeout, messageTimeout, maxSlowed, ...limits }: LimitOptions): ServerOptions {
  const { maxStreams, maxViewers, maxConnectionsPerAddress, maxWaiting } = limits;
  const { maxChannels, maxPayload, maxText, maxUnfinished, trustProxy } = limits;
  return {
    maxStreams,
    maxViewers,
    maxConnectionsPerAddress,
    maxWaiting,
    maxChannels,
    maxPayload,
    maxText,
    maxUnfinished,
    trustProxy,
    maxSlowed: milliseconds(maxSlowed),
    helloTimeout: milliseconds(helloTimeout),
    messageTimeout: milliseconds(messageTimeout),
  };
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.max(1, Math.round(1000 * seconds));
}

/** Options of the server, with the options of the command that set them. */
export const limitFlags: Readonly<Record<string, string>> = {
  maxUnfinished: '--max-unfinished',
  trustProxy: '--trust-proxy',
};
