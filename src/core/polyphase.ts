/** The taps of a transposed convolution that make the outputs t with t mod S = p. */
export interface Phase {
  /** How many input frames back each tap looks, oldest first. */
  readonly lags: readonly number[];
  /** Weights of one kernel in this phase. */
  readonly length: number;
  /** Where the phase's weights begin in the packed array: rows [out][lag, oldest first][in/groups]. */
  readonly offset: number;
}

/** The kernel [out, tap, in/groups] of a transposed convolution cut into its phases, with the way there and back. */
export interface Polyphase {
  readonly phases: readonly Phase[];
  readonly pack: (numbers: ArrayLike<number>) => Float32Array;
  readonly unpack: (packed: Float32Array) => Float32Array;
}

/** Tap k belongs to phase kD mod S and looks ⌊kD / S⌋ frames back. */
export function polyphase([outputs, taps, inputs]: readonly number[], stride: number, dilation: number): Polyphase {
  const places = new Int32Array(outputs * taps * inputs);
  const phases: Phase[] = [];
  let offset = 0;
  for (let p = 0; p < stride; p++) {
    const own = Array.from({ length: taps }, (_, k) => taps - 1 - k).filter((k) => (k * dilation) % stride === p);
    const length = own.length * inputs;
    for (let o = 0; o < outputs; o++) {
      for (const [i, k] of own.entries()) {
        for (let c = 0; c < inputs; c++) places[(o * taps + k) * inputs + c] = offset + o * length + i * inputs + c;
      }
    }
    phases.push({ lags: own.map((k) => Math.floor((k * dilation) / stride)), length, offset });
    offset += outputs * length;
  }
  return {
    phases,
    pack: (numbers) => {
      const packed = new Float32Array(places.length);
      for (const [i, place] of places.entries()) packed[place] = numbers[i];
      return packed;
    },
    unpack: (packed) => Float32Array.from(places, (place) => packed[place]),
  };
}
