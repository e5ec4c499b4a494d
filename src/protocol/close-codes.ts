/** The WebSocket subprotocol that every Tapline connection speaks. */
export const subprotocol = 'tapline.v1';

/** Why a connection was closed: 4000-4499 try again, 4500-4999 do not. Each comes with a sentence. */
export const closeCodes = {
  done: 1000,
  goingAway: 1001,
  tooBig: 1009,
  failed: 1011,
  replaced: 4001,
  nameInUse: 4002,
  silent: 4003,
  tooSlow: 4008,
  subprotocol: 4500,
  unknownPath: 4501,
  badStreamName: 4502,
  refusedOrigin: 4503,
  badMessage: 4504,
  tooMany: 4505,
} as const;

/** Whether a connection closed with `code` is worth dialling again. */
export function mayRetry(code: number): boolean {
  return code < 4500 || code > 4999;
}

/** A close sentence cut to the 123 bytes of UTF-8 that a close message may carry, never inside a character. */
export function closeReason(sentence: string): string {
  const bytes = new TextEncoder().encode(sentence);
  if (bytes.length <= 123) return sentence;
  let end = 120;
  while ((bytes[end] & 0xc0) === 0x80) end--;
  return `${new TextDecoder().decode(bytes.subarray(0, end))}...`;
}
