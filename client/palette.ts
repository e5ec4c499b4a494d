import {
  interpolateCividis,
  interpolateInferno,
  interpolateMagma,
  interpolateRdBu,
  interpolateTurbo,
  interpolateViridis,
} from 'd3-scale-chromatic';
import { oneOf } from '../src/core/check.ts';

/** The name of a color scale. 'red-blue' is diverging; an automatic range is then centered on 0. */
export type PaletteName = 'viridis' | 'magma' | 'inferno' | 'cividis' | 'turbo' | 'red-blue';

const ramps: Record<PaletteName, (t: number) => string> = {
  viridis: interpolateViridis,
  magma: interpolateMagma,
  inferno: interpolateInferno,
  cividis: interpolateCividis,
  turbo: interpolateTurbo,
  'red-blue': (t) => interpolateRdBu(1 - t),
};

/** All palettes, in menu order. */
export const palettes: readonly PaletteName[] = Object.keys(ramps) as PaletteName[];

/** Returns 256 colors from low to high, each as an ImageData pixel in a little-endian Uint32Array. */
export function paletteColors(name: PaletteName): Uint32Array {
  const ramp = ramps[oneOf('palette', name, palettes)];
  return Uint32Array.from({ length: 256 }, (_, index) => {
    const [red, green, blue] = parseColor(ramp(index / 255));
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
}

function parseColor(color: string): number[] {
  const hex = /^#(..)(..)(..)$/.exec(color);
  if (hex) return hex.slice(1).map((pair) => Number.parseInt(pair, 16));
  return (color.match(/\d+/g) ?? []).map(Number);
}
