/** Set by the build: whether a product and a sum may be rounded once. */
declare const FUSED: bool;
