export { verifyOperator, type VerifyOperatorOptions } from './verify-operator.ts';
export { verifyLayer, type VerifyLayerOptions } from './verify-layer.ts';
export { type LayerUnderTest, type LearningStream } from './layer-under-test.ts';
export { verifyStream, type VerifyStreamOptions } from './verify-stream.ts';
export { type FrameStream } from './play.ts';
