import { ArchiveBlocks } from '../../../../engines/postgresql/archive-blocks';
import { ArchiveHead } from '../../../../engines/postgresql/archive-head';
import { ArchiveDivision } from '../../../../engines/postgresql/restore/archive-division';
import { blobBlock, block, head, type Entry } from '../archive-bytes';

const PIECE_BYTES = 256 * 1024;
const END = '\\.\n\n\n';
const entry = (id: number, description = 'TABLE DATA'): Entry => ({ id, hasData: true, name: `t${id}`, description });

/** Divides an archive; returns what each one got, by the number of the entry. */
function divided(archive: Buffer, count: number, shared: readonly number[], chunkBytes: number) {
  const got = Array.from({ length: count }, () => [] as Buffer[]);
  const takers = got.map((pieces) => ({
    get waiting() {
      return pieces.reduce((sum, { length }) => sum + length, 0);
    },
    write: (bytes: Buffer, taken?: () => void) => {
      pieces.push(Buffer.from(bytes));
      // What may be reused changes.
      taken?.();
    },
  }));
  const division = new ArchiveDivision(takers, new Set(shared));
  for (let at = 0; at < archive.length; at += chunkBytes) division.see(archive.subarray(at, at + chunkBytes));
  division.end();
  return got.map((pieces) => contents(Buffer.concat(pieces)));
}

/** The contents of an archive by the number of the entry, with `#` before each large object. */
function contents(archive: Buffer): Map<number, string> {
  const found = new Map<number, string>();
  let last = 0;
  const add = (text: string) => void found.set(last, (found.get(last) ?? '') + text);
  const blocks = new ArchiveBlocks({
    begins: (id) => {
      last = id;
      add('');
      return true;
    },
    largeObject: (oid) => add(`#${oid} `),
    data: (chunk, from, to) => add(chunk.toString('latin1', from, to)),
  });
  const rest = new ArchiveHead().see(archive);
  blocks.see(rest!);
  expect(blocks.isBetween).toBe(true);
  return found;
}

const rowsOf = (bytes: number): string[] => {
  const rows: string[] = [];
  for (let made = 0, n = 0; made < bytes; n++) {
    const row = `${n}\t${'x'.repeat((n * 37) % 400)}\n`.slice(-(bytes - made));
    rows.push(row);
    made += row.length;
  }
  return rows;
};

test.each([1, 3, 1000, 65_536, 10_000_000])('an archive for one says the same, in chunks of %i bytes', (chunkBytes) => {
  const rows = rowsOf(chunkBytes < 1000 ? 2000 : 700_000);
  const archive = Buffer.concat([
    head(14, [entry(7), entry(8), entry(9, 'BLOBS'), entry(10)]),
    ...[block(7, ...rows, END), block(8), blobBlock(9), block(10, 'INSERT …')],
  ]);
  const [one] = divided(archive, 1, [7, 8], chunkBytes);
  expect(one).toEqual(contents(archive));
});

test('rows are divided, each whole, and all else goes to the first', () => {
  const rows = rowsOf(3_000_000);
  const long = `${'y'.repeat(2.5 * PIECE_BYTES)}\n`;
  const archive = Buffer.concat([
    head(16, [entry(7), entry(8), entry(9, 'BLOBS'), entry(10), entry(11)]),
    ...[block(7, ...rows, long, ...rows, END), block(8, 'small\n', END), blobBlock(9), block(10, 'INSERT …')],
    block(11, 'zzz\n', END),
  ]);
  const all = divided(archive, 3, [7, 8, 11], 65_536);
  expect(all.map((one) => [...one.keys()])).toEqual([
    [7, 8, 9, 10, 11],
    ...Array.from({ length: 2 }, () => [7, 8, 11]),
  ]);
  for (const id of [7, 8, 11]) {
    const parts = all.map((one) => one.get(id)!);
    const lines = parts.flatMap((part) => part.replace(END, '').split(/(?<=\n)/)).filter(Boolean);
    const expected = id === 7 ? [...rows, long, ...rows] : [id === 8 ? 'small\n' : 'zzz\n'];
    expect(lines.toSorted().join('')).toBe(expected.toSorted().join(''));
    expect(parts.filter((part) => part.endsWith(END))).toHaveLength(1);
    if (id === 7) for (const part of parts) expect(part.length).toBeGreaterThan(1_000_000);
  }
  expect(all[0]!.get(9)).toBe('#4242 onetwo#4243 #0 ');
});

test.each([0, 1, 2, 3, 4, 5, 6, 7])(
  'a piece that is full %i bytes behind the rows does not cut the end mark',
  (behind) => {
    // As newer versions write: the mark is part of the last rows. Without columns, rows are empty lines.
    for (const row of ['1\n', '\n']) {
      const rows = row
        .repeat((PIECE_BYTES + 8) / row.length)
        .slice(0, PIECE_BYTES - behind - ((PIECE_BYTES - behind) % row.length));
      const archive = Buffer.concat([head(14, [entry(7)]), block(7, rows + END)]);
      const parts = divided(archive, 2, [7], 10_000).map((one) => one.get(7)!);
      expect(parts.filter((part) => part.includes('\\.'))).toHaveLength(1);
      for (const part of parts)
        expect(part.replace(/\\\.\n\n\n$/, '')).toBe(row.repeat(part.replace(END, '').length / row.length));
      expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(rows.length + END.length);
    }
  },
);
