/** The elementwise functions, each at its number in the kernels. */
export const activations = [
  'identity',
  'relu',
  'leakyRelu',
  'elu',
  'gelu',
  'softplus',
  'tanh',
  'sigmoid',
  'square',
  'abs',
  'log',
] as const;

export type ActivationType = (typeof activations)[number];
