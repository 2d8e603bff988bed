/** Uniform in [0, 1), like `Math.random`. */
export type Random = () => number;

/**
 * A generator that gives the same numbers for the same seed on every machine: a 32-bit Weyl sequence put through two
 * rounds of multiply-and-shift mixing. Good enough for choosing; not for secrets.
 */
export function seededRandom(seed: number | string): Random {
  let state = typeof seed === "number" ? Math.trunc(seed) >>> 0 : hash(seed);
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a, so that a seed can be a word. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}

/** `bytes` random bytes in lower-case hexadecimal. */
export function randomHex(random: Random, bytes: number): string {
  let text = "";
  for (let i = 0; i < bytes; i++) {
    text += Math.floor(random() * 256)
      .toString(16)
      .padStart(2, "0");
  }
  return text;
}

/** A version 4 UUID from the given source of chance. */
export function randomUuid(random: Random): string {
  const hex = randomHex(random, 16);
  const variant = "89ab".charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
