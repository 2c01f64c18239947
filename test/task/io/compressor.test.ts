import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import { Compressor } from '../../../task/io/compressor';

const MIB = 1024 ** 2;

test.each([0, 1, 512 * 1024, 512 * 1024 + 1, 9 * MIB])('%d bytes come out as they went in', async (bytes) => {
  const content = randomBytes(bytes);
  const compressor = new Compressor(1);
  const output = buffer(compressor.output);
  for (let offset = 0; offset < bytes; offset += 64 * 1024) {
    const chunk = Buffer.from(content.subarray(offset, offset + 64 * 1024));
    await compressor.write(chunk);
    // The chunk may be reused once it was taken.
    chunk.fill(0);
  }
  await compressor.end();
  expect(zstdDecompressSync(await output).equals(content)).toBe(true);
});

/** Writes until it has to wait; returns the megabytes that were taken. */
async function fill(compressor: Compressor): Promise<{ taken: () => number; writing: Promise<void> }> {
  let taken = 0;
  const writing = (async () => {
    for (; taken < 64; taken++) await compressor.write(randomBytes(MIB));
  })();
  writing.catch(() => undefined);
  for (let before = -1; taken === 0 || taken !== before;) {
    before = taken;
    await sleep(1000);
  }
  return { taken: () => taken, writing };
}

test('a writer waits while nobody reads: the ring is all the memory that is used', async () => {
  const compressor = new Compressor(1);
  const { taken, writing } = await fill(compressor);
  const before = taken();
  expect(before).toBeLessThan(8);
  await sleep(100);
  expect(taken()).toBe(before);
  compressor.output.resume();
  await writing;
  expect(taken()).toBe(64);
});

test('a writer that waits learns that the compression was given up', async () => {
  const compressor = new Compressor(1);
  const { writing } = await fill(compressor);
  compressor.output.destroy();
  await expect(writing).rejects.toThrow('the compression was given up');
  await expect(compressor.end()).rejects.toThrow('the compression was given up');
});
