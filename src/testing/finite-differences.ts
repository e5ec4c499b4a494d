import { random } from '../core/random.ts';
import type { Weights } from '../core/network/weights.ts';
import type { LayerUnderTest } from './stream-under-test.ts';

const stepSize = 2 ** -6;
const tolerance = 0.02;

/**
 * Compares the gradients of L = Σ g y with finite differences of L at random elements of the input and of every weight.
 * Elements where the slope is discontinuous (the corner of a ReLU) are skipped: there, two step sizes give different
 * slopes.
 */
export function checkGradients(
  layer: LayerUnderTest,
  x: Float32Array,
  g: Float32Array,
  dx: Float32Array,
  gradients: Weights,
  seed: number,
  runs: number,
): void {
  const chance = random(seed);
  const loss = (input: Float32Array) => {
    const stream = layer.stream();
    const y = [...stream.push(input), ...(stream.flush?.() ?? [])];
    return y.reduce((sum, value, i) => sum + value * g[i], 0);
  };
  const check = (name: string, gradient: Float32Array, at: (i: number, step: number) => number) => {
    const scale = gradient.reduce((max, slope) => Math.max(max, Math.abs(slope)), 1e-3);
    let tried = 0;
    for (let run = 0; run < runs; run++) {
      const i = Math.floor(chance.uniform() * gradient.length);
      const slope = (step: number) => (at(i, step) - at(i, -step)) / (2 * step);
      const [wide, narrow] = [slope(stepSize), slope(stepSize / 4)];
      if (Math.abs(wide - narrow) > tolerance * scale) continue;
      tried++;
      if (Math.abs(wide - gradient[i]) <= 2 * tolerance * scale) continue;
      throw new Error(`finite differences: ∂L/∂${name}[${i}] must be ${wide}, got ${gradient[i]}`);
    }
    if (tried === 0)
      throw new Error(
        `finite differences: no tested element of ${name} has a defined slope; use another \`seed\` or \`runs\``,
      );
  };
  check('x', dx, (i, step) => {
    const moved = x.slice();
    moved[i] += step;
    return loss(moved);
  });
  for (const [name, { data }] of Object.entries(gradients)) {
    check(name, data, (i, step) => withMovedWeight(layer, name, i, step, () => loss(x)));
  }
}

/** Returns the result of `measure` while one weight is moved by `step`. */
function withMovedWeight(layer: LayerUnderTest, name: string, i: number, step: number, measure: () => number): number {
  const weights = layer.weights?.();
  if (!weights || !layer.setWeights)
    throw new Error(`finite differences: the layer must have weights() and setWeights() to check ${name}`);
  const moved = { ...weights[name], data: weights[name].data.slice() };
  moved.data[i] += step;
  layer.setWeights({ ...weights, [name]: moved });
  try {
    return measure();
  } finally {
    layer.setWeights(weights);
  }
}
