/**
 * Starts a server with the dashboard and publishes a stream to it over WebSocket, in one file.
 *
 *     npx tsx examples/06-live-socket.ts [port]        Open the printed URL. Press Ctrl-C to stop.
 */
import { interval, map } from 'rxjs';
import { block, type Block } from 'tapline';
import { createServer } from 'tapline/server';
import { publish } from 'tapline/sources';

const rate = 100;
const server = await createServer({ port: Number(process.argv[2] ?? 8080) });
console.log(`Open ${server.url}`);

/** Block n: 5 frames of a slow and a fast wave. Every ten seconds, the fast wave doubles for one second. */
function waves(n: number): Block {
  const data = Float32Array.from({ length: 10 }, (_, i) => {
    const seconds = (n * 5 + (i >> 1)) / rate;
    const fast = (seconds % 10 < 1 ? 2 : 1) * Math.sin(2 * Math.PI * 12 * seconds);
    return i % 2 === 0 ? 10 * Math.sin(2 * Math.PI * 0.5 * seconds) : fast;
  });
  return block(data, { channels: 2, rate, start: n * 5, time: Date.now() - 50 });
}

const address = `${server.url.replace('http', 'ws')}/ingest/waves`;
const sensor = publish(address, { channels: ['slow', 'fast'], rate }, interval(50).pipe(map(waves))).subscribe();

process.once('SIGINT', () => {
  sensor.unsubscribe();
  void server.close();
});
