// A server in a process of its own: `node serve-child.js <options as JSON>`. Sends { port } and exits when its parent sends 'close'.
import { createServer } from 'tapline/server';

const options = JSON.parse(process.argv[2]);
const server = await createServer({ ...options, log: (line) => process.send?.({ line }) });
process.send?.({ port: server.port });
process.on('message', () => {
  void server.close().then(() => process.disconnect());
});
