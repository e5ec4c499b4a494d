/** Default of the longest gap in s; a longer one begins a new segment. */
export const defaultMaxGap = 86_400;
