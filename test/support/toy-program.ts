/** Registers a toy engine, for a bundle of the program that has one engine more: its dump ends, fails or goes on for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import { registerEngine } from '../../engines/facts';
import { registerProgram } from '../../engines/programs';
import { MemoryDump, TOY_FACTS, DUMPED_ONLY, memoryStream, randomChunks } from './memory-engine';

async function* endless(): AsyncIterable<Buffer> {
  for (;;) {
    yield* randomChunks(1);
    await sleep(20);
  }
}

registerEngine('toy', TOY_FACTS);
registerProgram('toy', {
  ...DUMPED_ONLY,
  createDump: ({ run }) => {
    if (run.job.file === '/throws') return new MemoryDump(() => [], new TypeError('x is not a function'));
    const chunks = run.job.file === '/endless' ? endless() : [Buffer.from('hello')];
    return new MemoryDump(() => [memoryStream('a.zst', chunks)]);
  },
  helper: ([word]) => {
    process.stdout.write(`helped with ${word}\n`);
    return 7;
  },
});
