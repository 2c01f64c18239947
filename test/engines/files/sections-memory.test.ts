import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HEAP_SHARE } from '../../../engines/engine-facts';
import { FILES_FACTS } from '../../../engines/files/facts';
import { ContentsSections } from '../../../engines/files/restic/sections';
import { FilesSections } from '../../../engines/files/sections';
import { compareSections, DumpSections } from '../../../task/prove/compare/sections';

const FILES = 20_000;
const pathOf = (index: number) => `uploads/2026/${index % 1000}/photo-of-the-day-${index}.jpg`;

function header(index: number): Buffer {
  const bytes = Buffer.alloc(512);
  const fields = [pathOf(index), '0000644\0', '0001750\0', '0001750\0', '00000000000\0', '15000000000\0', '        0'];
  const offsets = [0, 100, 108, 116, 124, 136, 148];
  for (const [field, text] of fields.entries()) bytes.write(text, offsets[field]!);
  bytes.write('ustar\x0000', 257);
  const sum = bytes.reduce((all, byte) => all + byte);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

const line = (index: number): Buffer => {
  const entry = { path: pathOf(index), type: 'file', size: index, mode: '0644', uid: 1000, gid: 1000 };
  return Buffer.from(`${JSON.stringify({ ...entry, mtime: `1700000000.${String(index).padStart(9, '0')}` })}\n`);
};

test.each([
  ['archives', () => new FilesSections(false), header, Buffer.alloc(1024)],
  ['lists of contents', () => new ContentsSections(false), line, Buffer.alloc(0)],
])('two %s are compared in the heap that a restore test has for their entries', (_, create, entryOf, end) => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const used = () => (gc(), gc(), process.memoryUsage().heapUsed);
  const read = () => {
    const before = used();
    const sides = ['backup', 'restored'].map(() => {
      const [reader, sections] = [create(), new DumpSections()];
      for (let index = 0; index < FILES; index++) reader.see(entryOf(index));
      reader.see(end);
      sections.add('files', reader);
      // The reader is still there: that is the most.
      return { reader, sections };
    });
    return { sides, bytes: used() - before };
  };
  // What earlier tests left in this process may be freed meanwhile, and more so in the first rounds.
  const rounds = [1, 2, 3].map(() => read().bytes);
  const {
    sides: [backup, restored],
    bytes,
  } = read();
  const perFile = Math.max(bytes, ...rounds) / FILES;
  const compared = compareSections(backup!.sections.all, restored!.sections.all);
  expect(compared).toMatchObject({ compared: FILES, differences: [] });
  expect(perFile).toBeLessThan(FILES_FACTS.proof.memoryPerRow! * HEAP_SHARE);
  expect(perFile).toBeGreaterThan(500);
});
