import type { StoredFolder } from '../../../catalog/bucket/inventory';
import { objectKey } from '../../../catalog/bucket/names';
import type { TestFacts } from '../../../catalog/contract/alarms';
import { readProof } from '../../../lambda/health/proof-reading';

type Said = Partial<Record<'verdict' | 'kind' | 'check', string>>;
const PASSED = { verdict: 'passed' };
const FAILED = { verdict: 'failed', check: 'rows' };
const BYTES_FAILED = { verdict: 'failed', check: 'bytes' };
const BYTES_CHECKED = { verdict: 'not-run', kind: 'identity-missing' };
const NOT_RUN = { verdict: 'not-run', kind: 'disk-too-small' };

const idOf = (day: number): string => `2026-11-${String(day).padStart(2, '0')}T02-00-00Z`;
const at = (minute: number): Date => new Date(Date.UTC(2026, 11, 1, 0, minute));

/** Tests of backups, each of a day, in the order in which they ran. */
async function told(tests: readonly (readonly [day: number, said: Said])[], last?: TestFacts) {
  const texts = new Map<string, string>();
  const folders = new Map<string, StoredFolder>();
  for (const [minute, [day, { verdict, kind, check }]] of tests.entries()) {
    const [id, lastModified] = [idOf(day), at(minute)];
    const key = objectKey('shop', id, 'restore-test.json');
    const differences = check && [{ check, object: 'x', kind: 'damaged' }];
    const facts = { formatVersion: 1, verdict, testedAt: lastModified.toISOString(), differences };
    texts.set(key, JSON.stringify({ ...facts, ...(kind && { reason: { kind } }) }));
    folders.set(id, {
      id,
      time: lastModified,
      verdict: { key, bytes: 1, lastModified, storageClass: 'STANDARD' },
      data: [],
    });
  }
  const read = jest.fn((key: string) => Promise.resolve(texts.get(key)));
  const newestFirst = [...folders.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  const { test, untested } = await readProof(read, 'shop', newestFirst, () => Promise.resolve(true), last);
  return { ...(test && { [test.result!]: test.id }), ...(untested && { untested: untested.id }), read };
}

test.each<[string, readonly (readonly [number, Said])[], object]>([
  [
    'goes on when an older backup passes',
    [
      [9, FAILED],
      [3, PASSED],
    ],
    { failed: idOf(9) },
  ],
  [
    'goes on when an older backup failed, and a newer than that passed',
    [
      [9, FAILED],
      [3, FAILED],
      [5, PASSED],
    ],
    { failed: idOf(9) },
  ],
  [
    'goes on when a newer one had passed before',
    [
      [9, PASSED],
      [3, FAILED],
    ],
    { failed: idOf(3) },
  ],
  [
    'is over when a newer one passes',
    [
      [8, FAILED],
      [9, PASSED],
    ],
    { passed: idOf(9) },
  ],
  [
    'is over when a newer one passed, although an older one passes last',
    [
      [8, FAILED],
      [9, PASSED],
      [2, PASSED],
    ],
    { passed: idOf(2) },
  ],
  [
    'is over when the same one passes',
    [
      [9, FAILED],
      [9, PASSED],
    ],
    { passed: idOf(9) },
  ],
  [
    'of stored bytes is over when those of a newer one are checked',
    [
      [8, BYTES_FAILED],
      [9, BYTES_CHECKED],
    ],
    { 'not-run': idOf(9) },
  ],
  [
    'of stored bytes goes on when those of an older one are checked',
    [
      [9, BYTES_FAILED],
      [8, BYTES_CHECKED],
    ],
    { failed: idOf(9) },
  ],
  [
    'of what is inside goes on when only bytes of a newer one are checked',
    [
      [8, FAILED],
      [9, BYTES_CHECKED],
    ],
    { failed: idOf(8) },
  ],
])('a restore test that failed %s', async (_, tests, expected) => {
  expect(await told(tests)).toMatchObject(expected);
});

test.each<[string, readonly (readonly [number, Said])[], object]>([
  [
    'is told',
    [
      [8, PASSED],
      [9, NOT_RUN],
    ],
    { passed: idOf(8), untested: idOf(9) },
  ],
  [
    'is over when any other passes',
    [
      [9, NOT_RUN],
      [3, PASSED],
    ],
    { passed: idOf(3) },
  ],
  [
    'is over when the bytes of any other are checked',
    [
      [9, NOT_RUN],
      [3, BYTES_CHECKED],
    ],
    { 'not-run': idOf(3) },
  ],
])('a restore test that could not run %s', async (_, tests, expected) => {
  expect(await told(tests)).toEqual({ ...expected, read: expect.any(Function) as unknown });
});

describe('a restore test that failed, of a backup that was pruned,', () => {
  const pruned: TestFacts = { id: idOf(8), testedAt: at(-1).toISOString(), result: 'failed' };
  const ofBytes = { ...pruned, differences: [{ check: 'bytes', object: 'x', kind: 'damaged' }] };

  test('goes on when an older one passes, and is over when a newer one does', async () => {
    expect(await told([[7, PASSED]], pruned)).toMatchObject({ failed: pruned.id });
    expect(await told([[9, PASSED]], pruned)).toMatchObject({ passed: idOf(9) });
  });

  test('was of stored bytes, and is over when those of a newer one are checked', async () => {
    expect(await told([[9, BYTES_CHECKED]], ofBytes)).toMatchObject({ 'not-run': idOf(9) });
    expect(await told([[9, BYTES_CHECKED]], pruned)).toMatchObject({ failed: pruned.id });
  });
});

test('verdicts that change nothing are not read', async () => {
  const { read } = await told([...Array.from({ length: 20 }, (_, day) => [day + 1, PASSED] as const), [28, PASSED]]);
  expect(read).toHaveBeenCalledTimes(1);
});
