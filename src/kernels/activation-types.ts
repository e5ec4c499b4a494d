/**
 * An elementwise function f. α is the `alpha` of the layer; functions without α ignore it.
 *
 *     identity   x                              softplus   log(1 + e^x)
 *     relu       max(x, 0)                      tanh       tanh x
 *     leakyRelu  x if x > 0, else α x           sigmoid    1 / (1 + e^-x)
 *     elu        x if x > 0, else α (e^x - 1)   square     x²
 *     gelu       x Φ(x), Φ = the normal CDF     abs        |x|
 *                                               log        ln(max(x, α))
 */
export type ActivationType =
  'identity' | 'relu' | 'leakyRelu' | 'elu' | 'gelu' | 'softplus' | 'tanh' | 'sigmoid' | 'square' | 'abs' | 'log';

/** The elementwise functions. The index of each is its number in the kernels. */
export const activations: readonly ActivationType[] = [
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
];
