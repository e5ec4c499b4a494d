export { convolve, convolveHead, convolveTail, convolveTaps } from './convolution';
export { depthwise, depthwiseDot, depthwiseEnergy, depthwiseInputGradient, depthwiseWeightGradient } from './depthwise';
export { biasGradient, descend, energy, inputGradient, weightGradient } from './gradients';
export { adam, rmsprop, sgd } from './optimizers';
export { avgPool, avgPoolGradient, maxPool, maxPoolGradient } from './pools';
export { run } from './run';
export { dot, proportionate, squares } from './proportionate';
export { fill, gather, scatter, write } from './rows';
export { activate, activateGradient, softmax, softmaxGradient } from './rowwise';
