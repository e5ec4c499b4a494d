/** Every error code of tapline.v1, and what it tells. docs/protocol.md is checked against this table. */
export const errorCodes = {
  'bad-json': 'the text is not JSON',
  'bad-message': 'the JSON is neither an object with a `type` nor one of the foreign shapes',
  'unknown-type': 'no message of this `type` goes this way',
  'bad-shape': '`data` is not columns of equal length, one a channel',
  'bad-sample': 'a sample is neither a number nor null',
  'not-finite': 'a number of the text is too large (1e999; a sample: 1e39, beyond float32)',
  'bad-index': 'an index is not an integer from 0 to 2^53 - 1',
  'far-index': 'an index is more than 2^32 frames ahead of the next one',
  'bad-count': 'a number of frames is not an integer from 1 to 2^53 - 1',
  'bad-time': 'a time is not ms since 1970, up to 8.64e15 for the last frame',
  'bad-rate': 'a rate is neither 0 nor a number from 1e-6 to 1e9 in Hz',
  'wrong-rate': 'the rate is not the one that the stream was opened with',
  'bad-channels': 'the channels are neither a number, nor labels, nor labels with units',
  'wrong-channels': 'the number of channels is not the one that the stream was opened with',
  'too-many-channels': 'more channels than the server takes',
  'bad-label': 'a label or unit is not text of 1 to 64 characters',
  'bad-name': 'a stream name is not 1 to 64 of A-Z a-z 0-9 . _ -, not beginning with a dot',
  'bad-fresh': '`fresh` is neither true nor false',
  'bad-run': 'a run is not an integer from 0 to 2^32 - 1',
  'no-stream': 'no channels are known yet: say hello first',
  'short-block': 'a binary message is shorter than its 48 byte header',
  'bad-block': 'a binary message does not begin with 54 4C',
  'bad-version': 'the header is of another version',
  'bad-kind': 'this kind of block does not go this way',
  'bad-dtype': 'the samples are not float32',
  'bad-flags': 'a flag is set that has no meaning yet',
  'bad-reserved': 'a reserved field is not 0',
  'bad-length': 'the message is not as long as its header says',
  'bad-id': 'a subscription id is not an integer from 1 to 2^32 - 1',
  'same-id': 'the subscription id is in use',
  'no-id': 'there is no subscription of this id',
  'unknown-stream': 'there is no stream of this name',
  'live-stream': 'a stream that is to be removed still has its sensor',
  'unknown-learner': 'the stream has no such learner',
  'bad-what': '`what` is not a list of things that can be watched',
  'bad-recent': '`recent` is neither true nor false',
  'bad-learning': '`on` is not a boolean, `learningRate` is not a number > 0 and <= 2, or `act` is none of the four',
  'bad-alarm': '`do` is not what can be done with an alarm, or `on` of `alarms` is not a boolean',
  'no-alarm': 'there is no alarm of this id',
  'too-much-maintenance': 'more names are in maintenance than the server keeps',
  'binary-refused': 'binary messages do not go this way',
  'too-many-subscriptions': 'more subscriptions on one connection than the server takes',
  'broken-pipeline': 'the server failed to process this stream; its raw samples still flow',
} as const;

/** A code of the table above. */
export type ErrorCode = keyof typeof errorCodes;

/** What is wrong with a message: a code for programs, a sentence for people. */
export class ProtocolError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, sentence: string) {
    super(sentence);
    this.name = 'ProtocolError';
    this.code = code;
  }
}
