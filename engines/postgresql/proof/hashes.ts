import { createHash } from 'node:crypto';

/** Any good one will do: both sides of a comparison are made by the same program. */
const ALGORITHM = 'sha256';

/** Hash of a text, or of bytes with one character each. */
export const hashOf = (...texts: readonly string[]): string => {
  const hash = createHash(ALGORITHM);
  for (const text of texts) hash.update(`${text.length}:`).update(text, 'latin1');
  return hash.digest('hex');
};

const [LF, LF_WORD] = [0x0a, 0x0a0a0a0a];
/** Multipliers of FNV-1a and of Fibonacci hashing. */
const [FNV, GOLDEN] = [0x01000193, 0x9e3779b1];
const [START_A, START_B] = [0x811c9dc5, 0x2545f491];

/** Spreads each bit over all: the last step of MurmurHash3. */
function spread(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * A sum over the lines of a table, in which their order does not count: a restore by several connections changes it, and to compare
 * the rows of a large table as multisets takes longer than to load them. Two hashes of 32 bits a line find damage; against somebody who
 * looks for collisions the bytes of the backup have a SHA-256.
 */
export class LineSum {
  private a = START_A;
  private b = START_B;
  /** Up to three bytes that make no word yet, and how many they are. */
  private word = 0;
  private held = 0;
  private lines = 0;
  private sumA = 0;
  private sumB = 0;

  add(bytes: Buffer, from = 0, to = bytes.length): void {
    let { a, b, word, held } = this;
    let at = from;
    while (at < to) {
      // Four bytes at a time, as long as no line ends in them.
      if (held === 0)
        for (; at + 4 <= to; at += 4) {
          const next = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
          const ends = next ^ LF_WORD;
          if (((ends - 0x01010101) & ~ends & 0x80808080) !== 0) break;
          a = Math.imul(a ^ next, FNV);
          a ^= a >>> 15;
          b = Math.imul(((b << 5) | (b >>> 27)) ^ next, GOLDEN);
        }
      if (at >= to) break;
      const byte = bytes[at++]!;
      const isEnd = byte === LF;
      if (!isEnd) word |= byte << (8 * held++);
      if (!isEnd && held < 4) continue;
      // What is left of a line counts with its length: a byte of zeros is not none.
      const last = isEnd ? Math.imul(word + held, GOLDEN) : word;
      a = Math.imul(a ^ last, FNV);
      a ^= a >>> 15;
      b = Math.imul(((b << 5) | (b >>> 27)) ^ last, GOLDEN);
      word = held = 0;
      if (!isEnd) continue;
      this.sumA = (this.sumA + spread(a)) >>> 0;
      this.sumB = (this.sumB + spread(b ^ ((a << 16) | (a >>> 16)))) >>> 0;
      this.lines++;
      a = START_A;
      b = START_B;
    }
    this.a = a;
    this.b = b;
    this.word = word;
    this.held = held;
  }

  /** The sum of all since the last one, and of what is behind the last line. */
  end(): string {
    const text = [this.lines, this.sumA, this.sumB, this.a >>> 0, this.b >>> 0, this.word, this.held].join(' ');
    Object.assign(this, { a: START_A, b: START_B, word: 0, held: 0, lines: 0, sumA: 0, sumB: 0 });
    return text;
  }
}

/** A sum over hashes, in which their order does not count, and one that is there twice does. */
export class HashSum {
  private sum = 0n;

  add(hash: string): void {
    this.sum = BigInt.asUintN(128, this.sum + BigInt(`0x${hash.slice(0, 32)}`));
  }

  get text(): string {
    return this.sum.toString(16);
  }
}
