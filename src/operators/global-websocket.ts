/**
 * The browser's WebSocket. The import `#websocket` resolves to this file in browsers, and to the package ws in Node.js.
 */
export const WebSocket: typeof globalThis.WebSocket = globalThis.WebSocket;
