import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';

const f = Math.fround;

/** The update loops of the optimizers. */
export function optimizerLoops(arena: Arena): Pick<Kernels, 'sgd' | 'rmsprop' | 'adam'> {
  return {
    sgd(w, dw, velocity, count, rate, momentum, nesterov, decay) {
      const m = arena.f32;
      const mu = f(rate);
      const keep = f(momentum);
      const lambda = f(decay);
      for (let i = 0; i < count; i++) {
        let slope = m[dw + i];
        if (lambda > 0) slope = f(slope + f(lambda * m[w + i]));
        if (velocity) {
          const moved = f(f(keep * m[velocity + i]) + slope);
          m[velocity + i] = moved;
          slope = nesterov ? f(slope + f(keep * moved)) : moved;
        }
        m[w + i] = f(m[w + i] - f(mu * slope));
        m[dw + i] = 0;
      }
    },

    rmsprop(w, dw, square, count, rate, alpha, rest, epsilon, decay) {
      const m = arena.f32;
      const mu = f(rate);
      const keep = f(alpha);
      const fresh = f(rest);
      const eps = f(epsilon);
      const lambda = f(decay);
      for (let i = 0; i < count; i++) {
        const slope = f(m[dw + i] + f(lambda * m[w + i]));
        const mean = f(f(keep * m[square + i]) + f(f(fresh * slope) * slope));
        m[square + i] = mean;
        m[w + i] = f(m[w + i] - f(f(mu * slope) / f(f(Math.sqrt(mean)) + eps)));
        m[dw + i] = 0;
      }
    },

    adam(w, dw, mean, square, count, length, correction, keep, decay, beta1, rest1, beta2, rest2, epsilon) {
      const m = arena.f32;
      const step = f(length);
      const scale = f(correction);
      const kept = f(keep);
      const lambda = f(decay);
      const eps = f(epsilon);
      const b1 = f(beta1);
      const r1 = f(rest1);
      const b2 = f(beta2);
      const r2 = f(rest2);
      for (let i = 0; i < count; i++) {
        const slope = f(m[dw + i] + f(lambda * m[w + i]));
        const first = f(f(b1 * m[mean + i]) + f(r1 * slope));
        const second = f(f(b2 * m[square + i]) + f(f(r2 * slope) * slope));
        m[mean + i] = first;
        m[square + i] = second;
        const root = f(f(f(Math.sqrt(second)) / scale) + eps);
        m[w + i] = f(f(m[w + i] * kept) - f(f(step * first) / root));
        m[dw + i] = 0;
      }
    },
  };
}
