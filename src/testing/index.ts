export { verifyOperator, type VerifyOperatorOptions } from './verify-operator.ts';
export { verifyStream, type VerifyStreamOptions } from './verify-layer.ts';
export { type FrameStream } from './play.ts';
