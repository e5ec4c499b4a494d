import { merge } from 'rxjs';
import { publish, type PublishOptions } from '../sources/index.ts';
import { hostSource } from '../sources/node/index.ts';
import { ingestAddress } from './address.ts';
import { publishHeadset } from './headset.ts';
import type { PowerLine } from './power-line.ts';
import { logStatus, publishing } from './publishing.ts';

/**
 * Publishes two streams to a server until `signal` is aborted: the simulated headset with its ground truth, and the
 * metrics of this computer. They are sent over a WebSocket, like those of any device. A real sensor named `headset` or
 * `host` takes precedence: the simulated one waits until the name is free.
 */
export function demo(
  server: string,
  { powerLine, signal }: { powerLine: PowerLine; signal: AbortSignal },
): Promise<void> {
  const address = (stream: string) => ingestAddress(server, stream);
  const sharing: PublishOptions = { onReplaced: 'wait', waiting: logStatus };
  const { channels, rate, blocks } = hostSource();
  const host = publish(address('host'), { channels, rate, kind: 'host' }, blocks, sharing);
  return publishing(merge(publishHeadset(address, 'headset', { powerLine }, sharing), host), signal);
}
