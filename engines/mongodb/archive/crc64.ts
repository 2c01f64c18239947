/** Bytes that one step takes. */
const SLICES = 8;
/** The polynomial of ECMA-182, reflected: its upper and its lower half. */
const [POLY_HIGH, POLY_LOW] = [0xc96c5795, 0xd7870f42];

/** One table a byte of a step: what a byte there adds, upper and lower halves. */
const [HIGH, LOW] = tables();

function tables(): [Int32Array, Int32Array] {
  const [high, low] = [new Int32Array(SLICES * 256), new Int32Array(SLICES * 256)];
  for (let byte = 0; byte < 256; byte++) {
    let [upper, lower] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = (lower & 1) === 1;
      lower = (lower >>> 1) | (upper << 31);
      upper >>>= 1;
      if (isOdd) [upper, lower] = [upper ^ POLY_HIGH, lower ^ POLY_LOW];
    }
    high[byte] = upper;
    low[byte] = lower;
  }
  for (let at = 256; at < SLICES * 256; at++) {
    const [upper, lower] = [high[at - 256]!, low[at - 256]!];
    high[at] = (upper >>> 8) ^ high[lower & 0xff]!;
    low[at] = (lower >>> 8) | (upper << 24);
    low[at]! ^= low[lower & 0xff]!;
  }
  return [high, low];
}

/** CRC-64 of ECMA-182, as `mongodump` takes it of each collection: reflected, inverted at both ends (CRC-64/XZ). */
export class Crc64 {
  private high = -1;
  private low = -1;

  /** Takes the bytes from here to there. */
  add(bytes: Uint8Array, from = 0, to = bytes.length): void {
    // Four bytes at once: of each byte alone, this takes half as long again.
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let { high, low } = this;
    let at = from;
    for (; at + SLICES <= to; at += SLICES) {
      low ^= view.getInt32(at, true);
      high ^= view.getInt32(at + 4, true);
      const a = 1792 + (low & 0xff);
      const b = 1536 + ((low >>> 8) & 0xff);
      const c = 1280 + ((low >>> 16) & 0xff);
      const d = 1024 + (low >>> 24);
      const e = 768 + (high & 0xff);
      const f = 512 + ((high >>> 8) & 0xff);
      const g = 256 + ((high >>> 16) & 0xff);
      const h = high >>> 24;
      high = HIGH[a]! ^ HIGH[b]! ^ HIGH[c]! ^ HIGH[d]! ^ HIGH[e]! ^ HIGH[f]! ^ HIGH[g]! ^ HIGH[h]!;
      low = LOW[a]! ^ LOW[b]! ^ LOW[c]! ^ LOW[d]! ^ LOW[e]! ^ LOW[f]! ^ LOW[g]! ^ LOW[h]!;
    }
    for (; at < to; at++) {
      const byte = (low ^ bytes[at]!) & 0xff;
      low = (low >>> 8) | (high << 24);
      low ^= LOW[byte]!;
      high = (high >>> 8) ^ HIGH[byte]!;
    }
    this.high = high;
    this.low = low;
  }

  /** Of all bytes so far. */
  get value(): bigint {
    return (BigInt(~this.high >>> 0) << 32n) | BigInt(~this.low >>> 0);
  }
}
