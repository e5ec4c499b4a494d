/**
 * Contract tests for your own operators and layers. Requires the package fast-check.
 *
 * @module tapline/testing
 */

export { verifyOperator, type VerifyOperatorOptions } from './verify-operator.ts';
export { verifyLayer, type VerifyLayerOptions } from './verify-layer.ts';
export { type LayerUnderTest, type LearningStream } from './stream-under-test.ts';
export { verifyStream, type VerifyStreamOptions } from './verify-stream.ts';
export { type FrameStream } from './stream-under-test.ts';
