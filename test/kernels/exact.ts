import { normalCdf, normalPdf } from '../../src/core/reference/activation.ts';

const far = (x: number) => Math.exp(-Math.abs(x));

/** The elementary functions in double precision, by other ways than the kernels'. */
export const exact = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sigmoid: (x: number): number => 1 / (1 + Math.exp(-x)),
  sigmoidSlope: (x: number): number => far(x) / (1 + far(x)) ** 2,
  tanh: Math.tanh,
  tanhSlope: (x: number): number => Math.cosh(x) ** -2,
  softplus: (x: number): number => Math.max(x, 0) + Math.log1p(far(x)),
  gelu: (x: number): number => x * normalCdf(x),
  geluSlope: (x: number): number => normalCdf(x) + x * normalPdf(x),
};
