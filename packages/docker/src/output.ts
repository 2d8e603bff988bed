/** Of a container's log, the engine can be asked for lines only; more than these are not looked through. */
export const MOST_LINES = 10_000;

/**
 * What a container printed, out of the engine's answer: each piece is headed by eight bytes, the stream it came from
 * (0 to 2, three zeros) and its length.
 */
export function unframed(answer: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  while (at + 8 <= answer.length) {
    // Of a container with a terminal: not framed at all.
    if (answer.readUInt8(at) > 2 || answer.readUIntBE(at + 1, 3) !== 0) return answer;
    const length = answer.readUInt32BE(at + 4);
    pieces.push(answer.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(pieces);
}

/** The last bytes as text; a character cut in two at the beginning is left out. */
export function tailOf(output: Buffer, bytes: number): string {
  const start = Math.max(0, output.length - bytes);
  let at = start;
  while (at > 0 && at < output.length && at - start < 3 && ((output[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return output.subarray(at).toString("utf8");
}
