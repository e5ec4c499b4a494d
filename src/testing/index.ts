export { verifyOperator, type VerifyOperatorOptions } from './verify-operator.ts';
export { verifyLayer, type LayerUnderTest, type LearningStream, type VerifyLayerOptions } from './verify-layer.ts';
export { verifyStream, type VerifyStreamOptions } from './verify-stream.ts';
export { type FrameStream } from './play.ts';
