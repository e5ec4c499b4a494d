import fc from 'fast-check';

/** Any UTF-16, any graphemes, and many of the characters that have a meaning in cells. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(...`='"\\nru0041,;|#+-@＝ \n\r\t\u2028\ufeff\u00a0`) }),
);
