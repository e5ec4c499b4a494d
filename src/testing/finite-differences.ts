import { random } from '../core/random.ts';
import type { Weights } from '../core/network/weights.ts';
import type { LayerUnderTest } from './stream-under-test.ts';

const STEP = 2 ** -6;
const TOLERANCE = 0.02;

/**
 * Compares the gradients of L = Σ g y with the slopes of L, at random places of the input and of every weight. Places
 * where the slope itself jumps (a rectifier's corner) are passed over: there the slopes of two step sizes differ.
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
    const scale = gradient.reduce((most, slope) => Math.max(most, Math.abs(slope)), 1e-3);
    let tried = 0;
    for (let run = 0; run < runs; run++) {
      const i = Math.floor(chance.uniform() * gradient.length);
      const slope = (step: number) => (at(i, step) - at(i, -step)) / (2 * step);
      const [wide, narrow] = [slope(STEP), slope(STEP / 4)];
      if (Math.abs(wide - narrow) > TOLERANCE * scale) continue;
      tried++;
      if (Math.abs(wide - gradient[i]) <= 2 * TOLERANCE * scale) continue;
      throw new Error(`finite differences: ∂L/∂${name}[${i}] must be ${wide}, got ${gradient[i]}`);
    }
    if (tried === 0)
      throw new Error(`finite differences: no place of ${name} has a slope; give other \`seed\` or \`runs\``);
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

/** What `measure` gives while one weight is moved by `step`. */
function withMovedWeight(layer: LayerUnderTest, name: string, i: number, step: number, measure: () => number): number {
  const weights = layer.weights?.();
  if (!weights || !layer.setWeights)
    throw new Error(`finite differences: weights and setWeights are needed to move ${name}`);
  const moved = { ...weights[name], data: weights[name].data.slice() };
  moved.data[i] += step;
  layer.setWeights({ ...weights, [name]: moved });
  try {
    return measure();
  } finally {
    layer.setWeights(weights);
  }
}
