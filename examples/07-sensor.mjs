// Sends JSON frames to a server. Also runs in a browser. Node.js 20 needs --experimental-websocket.
// In a shell: yes '[1, 2]' | websocat 'ws://127.0.0.1:8080/ingest/shell?channels=a,b'
let t = 0;
const address = process.argv[2] ?? 'ws://127.0.0.1:8080/ingest/five-lines?rate=50&channels=sine,sawtooth';
const socket = new WebSocket(address);
const send = () => socket.send(JSON.stringify([Math.sin(t / 8), (t++ % 50) / 50]));
socket.onopen = () => setInterval(send, 20);
