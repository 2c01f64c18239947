import { hash } from 'node:crypto';

const LANES = 4;

/** A sum over documents, in which their order does not count, and one that is there twice does: 128 bits of SHA-256 each. */
export class DocumentSum {
  private readonly lanes = new Uint32Array(LANES);
  private documents = 0;

  add(bytes: Buffer): void {
    const digest = hash('sha256', bytes, 'buffer');
    for (let lane = 0; lane < LANES; lane++) this.lanes[lane]! += digest.readUInt32LE(4 * lane);
    this.documents++;
  }

  get text(): string {
    return `${this.documents} ${this.lanes.join(' ')}`;
  }
}
