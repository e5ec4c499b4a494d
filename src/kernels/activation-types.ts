/** The elementwise functions. The index of each is its number in the kernels. */
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
