/** The WebSocket subprotocol of all Tapline connections. */
export const subprotocol = 'tapline.v1';

/** Close codes: reconnect after 4000-4499, do not after 4500-4999. Each is sent with a sentence. */
export const closeCodes = {
  done: 1000,
  goingAway: 1001,
  flood: 1008,
  tooBig: 1009,
  failed: 1011,
  replaced: 4001,
  nameInUse: 4002,
  silent: 4003,
  noHello: 4004,
  full: 4005,
  unfinished: 4006,
  tooSlow: 4008,
  tooFast: 4009,
  subprotocol: 4500,
  unknownPath: 4501,
  badStreamName: 4502,
  originNotAllowed: 4503,
  badMessage: 4504,
  tooManyChannels: 4505,
} as const;

/** Whether a client should reconnect after a connection was closed with `code`. */
export function mayRetry(code: number): boolean {
  return code < 4500 || code > 4999;
}

/** Truncates a sentence to the 123 bytes of UTF-8 that fit in a close message, at a character boundary. */
export function closeReason(sentence: string): string {
  const bytes = new TextEncoder().encode(sentence);
  if (bytes.length <= 123) return sentence;
  let end = 120;
  while ((bytes[end] & 0xc0) === 0x80) end--;
  return `${new TextDecoder().decode(bytes.subarray(0, end))}...`;
}
