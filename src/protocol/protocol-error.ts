/** The error codes of tapline.v1 and their meanings. docs/protocol.md is tested against this table. */
export const errorCodes = {
  'bad-json': 'the text is not JSON',
  'bad-message':
    'the JSON is neither an object with a `type`, nor an object that names its channels, nor a third-party format',
  'unknown-type': 'no message has this `type` in this direction',
  'bad-shape': '`data` is not an array with one array per channel, all of equal length',
  'bad-sample': 'a sample is neither a number nor null',
  'not-finite': 'a number is out of range (1e999, or 1e39 for a float32 sample)',
  'bad-index': 'an index is not an integer from 0 to 2^53 - 1',
  'far-index': 'an index is more than 2^32 frames after the next expected one',
  'bad-count': 'a number of frames is not an integer from 1 to 2^53 - 1',
  'bad-time':
    'a time is neither a number since 1970 nor a text like 2023-11-14T22:13:20Z, has another unit than before, or is out of range',
  'bad-clock': '`clock` is neither `monotonic` nor `epoch`',
  'bad-rate': 'a rate is neither 0 nor from 1e-6 to 1e9 Hz',
  'wrong-rate': 'the rate differs from that of the open stream',
  'bad-channels': 'the channels are neither a number, nor labels, nor labels with units',
  'wrong-channels': 'the number of channels differs from that of the open stream',
  'too-many-channels': 'more channels than the server accepts',
  'bad-label': 'a label or unit is not text of 1 to 64 characters',
  'bad-name': 'a stream name is not 1 to 64 characters of A-Z a-z 0-9 . _ -, or starts with a dot',
  'bad-fresh': '`fresh` is neither true nor false',
  'bad-run': 'a run is not an integer from 0 to 2^32 - 1',
  'no-stream': 'the channels are not known yet: send hello first',
  'bad-body':
    'the body of an HTTP request is too large, or has another type, encoding, or compression than the server reads',
  'too-long': 'a text message is longer than the server accepts (`maxText` in `welcome`)',
  'short-block': 'a binary message is shorter than its 48-byte header',
  'bad-block': 'a binary message does not start with 54 4C',
  'bad-version': 'the header has another version',
  'bad-kind': 'this kind of block is not allowed in this direction',
  'bad-dtype': 'the samples are not float32',
  'bad-flags': 'an undefined flag is set',
  'bad-reserved': 'a reserved field is not 0',
  'bad-length': 'the message length does not match its header',
  'bad-id': 'a subscription id is not an integer from 1 to 2^32 - 1',
  'same-id': 'the subscription id is in use',
  'no-id': 'there is no subscription with this id',
  'unknown-stream': 'there is no stream with this name',
  'live-stream': 'a stream cannot be removed while its sensor is connected',
  'unknown-learner': 'the stream has no such learner',
  'bad-what': '`what` is not an array of available kinds of data',
  'bad-recent': '`recent` is neither true nor false',
  'bad-learning': '`on` is not a boolean, `learningRate` is not a number > 0 and <= 2, or `act` is none of the four',
  'bad-learner': 'a learner cannot be added or removed; the message names the setting and the rule',
  'bad-alarm': '`do` is not an action on alarms, or `on` of `alarms` is not a boolean',
  'no-alarm': 'there is no alarm with this id',
  'too-much-maintenance': 'more names are in maintenance than the server allows',
  'binary-refused': 'binary messages are not allowed in this direction',
  'too-many-subscriptions': 'more subscriptions on one connection than the server allows',
  'bad-points': '`points` is not an integer from 1 to 2000',
  'not-recorded': 'there is no recording of this stream',
  'unreadable-recording': 'the recording of the stream cannot be read; see the log of the server',
  'too-many-requests': 'more requests are waiting than the server allows',
  'broken-pipeline': 'the server failed to process this stream; its raw samples are still sent',
} as const;

/** An error code of tapline.v1. */
export type ErrorCode = keyof typeof errorCodes;

/** Maximum length of the sentence of an error. */
const maxSentence = 1000;

/** Shortens a text from outside, such as a key or a label, for use in a sentence. */
export function cut(text: string, maxLength = 64): string {
  return text.length > maxLength ? `${text.slice(0, maxLength - 3)}...` : text;
}

/** The reason why a message is invalid: a code for programs and a sentence of at most 1000 characters for people. */
export class ProtocolError extends Error {
  readonly code: ErrorCode;
  /** Id of the request that cannot be answered; undefined if the message is not a request with one answer. */
  readonly id: number | undefined;

  constructor(code: ErrorCode, sentence: string, id?: number) {
    super(cut(sentence, maxSentence));
    this.name = 'ProtocolError';
    this.code = code;
    this.id = id;
  }
}
