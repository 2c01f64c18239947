import * as fs from 'node:fs';
import * as path from 'node:path';
import { Markdown, ROOT, plain, tableRows } from './markdown';

const FOLDER = 'test/cases';
/** Its tests, and those of the restore command, have ids in their titles. */
const TESTED = [FOLDER, 'test/restore'];
/** A text that begins with ids, as titles of tests do: `M07 functions that …`, `P08 P17 settings …`, `Px39–Px46 what …`. */
const TITLE = /['"`]((?:[MPSR]x?\d\d )*[MPSR]x?\d\d(?:–[MPSR]x?\d\d)?)(?=[ '"`])/g;

/** Ids of cases, each with the files whose titles have it. */
function testedCases(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const folder of TESTED)
    for (const name of fs.readdirSync(path.join(ROOT, folder)).filter((one) => one.endsWith('.test.ts'))) {
      const file = folder === FOLDER ? name : `${folder}/${name}`;
      for (const [, ids] of fs.readFileSync(path.join(ROOT, folder, name), 'utf8').matchAll(TITLE))
        for (const id of ids!.split(' ')) found.set(id, (found.get(id) ?? new Set()).add(file));
    }
  return found;
}

const rows = tableRows(new Markdown(`${FOLDER}/README.md`).prose).filter(([id]) => /^[A-Z]x?\d\d/.test(id!));
const filesOf = (cell: string): string[] => (cell === 'next' ? [] : cell.split(', ').map(plain));
const isTested = (file: string): boolean => !file.includes('/') || TESTED.includes(path.dirname(file));

describe('test/cases/README.md', () => {
  test('has a row for each case that a test has, with its files, and no other', () => {
    const documented = rows
      .map(([id, , , , cell]) => [id, filesOf(cell!).filter(isTested).sort()] as const)
      .filter(([, files]) => files.length > 0);
    const tested = [...testedCases()].map(([id, files]) => [id, [...files].sort()] as const);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(tested));
  });

  test('names tests of other folders that exist, and each case once', () => {
    const elsewhere = rows.flatMap(([, , , , cell]) => filesOf(cell!).filter((file) => file.includes('/')));
    expect(elsewhere.filter((file) => !fs.existsSync(path.join(ROOT, file)))).toEqual([]);
    expect(new Set(rows.map(([id]) => id)).size).toBe(rows.length);
  });

  test('says of each what becomes of it', () => {
    const outcomes = tableRows(new Markdown(`${FOLDER}/README.md`).prose.split('\n| id |')[0]!).map(([word]) => word!);
    const known = [...outcomes, 'few emails', 'deleted', 'looked up', 'backed up'];
    expect(rows.flatMap(([, , , cell]) => cell!.split(', ')).filter((word) => !known.includes(word))).toEqual([]);
  });

  test('has at least 40 cases of our own', () => {
    expect(rows.filter(([id]) => id!.includes('x')).length).toBeGreaterThanOrEqual(40);
  });
});
