/** The WebSocket of a browser; `#websocket` stands for this file there, and for the package ws in Node. */
export const WebSocket: typeof globalThis.WebSocket = globalThis.WebSocket;
