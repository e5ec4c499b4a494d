import { merge } from 'rxjs';
import { publish } from '../sources/index.ts';
import { hostSource } from '../sources/node/index.ts';
import { ingestAddress } from './address.ts';
import { publishHeadset } from './headset.ts';
import { defaultPowerLine } from './power-line.ts';
import { publishing } from './publishing.ts';

/**
 * Publishes two streams to a server until `signal` is aborted: the simulated headset with its ground truth, and the
 * metrics of this computer. They are sent over a WebSocket, like those of any device.
 */
export function demo(server: string, signal: AbortSignal): Promise<void> {
  const address = (stream: string) => ingestAddress(server, stream);
  const { channels, rate, blocks } = hostSource();
  const host = publish(address('host'), { channels, rate, kind: 'host' }, blocks);
  return publishing(merge(publishHeadset(address, 'headset', { mains: defaultPowerLine() }), host), signal);
}
