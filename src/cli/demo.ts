import { merge } from 'rxjs';
import { publish } from '../sources/index.ts';
import { hostSource } from '../sources/node/index.ts';
import { ingestAddress } from './address.ts';
import { publishHeadset } from './headset.ts';
import { publishing } from './publishing.ts';

/**
 * Two sensors for a server that has none: the simulated headset with its true alpha, and this computer. They come over
 * the WebSocket like those of a stranger.
 */
export function demo(server: string, signal: AbortSignal): Promise<void> {
  const address = (stream: string) => ingestAddress(server, stream);
  const { channels, rate, blocks } = hostSource();
  const host = publish(address('host'), { channels, rate, kind: 'host' }, blocks);
  return publishing(merge(publishHeadset(address, 'headset'), host), signal);
}
