import type { ProofDifference, Verdict } from '../../catalog/bucket/verdict';
import { differenceText, differencesText, leftText, verdictSentence } from '../../catalog/proof-words';

const texts: [Omit<ProofDifference, 'check'>, string][] = [
  [{ object: 'trigger shop.orders_bi', kind: 'missing' }, 'trigger shop.orders_bi: missing'],
  [{ object: 'view shop.v', kind: 'unexpected' }, 'view shop.v: not in the backup'],
  [
    {
      ...{ object: 'table shop.orders', kind: 'rows', rows: { differing: 2, of: 1204511 } },
      first: { key: 'id 17', column: 'note' },
    },
    'shop.orders: 2 of 1,204,511 rows differ; first: id 17, column note',
  ],
  [{ object: 'table shop.orders', kind: 'rows' }, 'shop.orders: its rows differ'],
  [
    { object: 'table shop.orders', kind: 'rows', expected: '1200', found: '1199' },
    'shop.orders: 1,199 rows instead of 1,200',
  ],
  [
    { object: 'table shop.orders', kind: 'rows', expected: '5 to 7', found: '8', rows: { differing: 1, of: 7 } },
    'shop.orders: 8 rows instead of 5 to 7, 1 of 7 rows differ',
  ],
  [
    { object: 'view shop.v', kind: 'changed', fact: 'definer', expected: 'a@%', found: 'b@%' },
    'view shop.v: definer was a@%, is b@%',
  ],
  [{ object: 'view shop.v', kind: 'changed', fact: 'order', found: '1' }, 'view shop.v: order was not set, is 1'],
  [{ object: 'view shop.v', kind: 'changed', expected: 'SELECT 1' }, 'view shop.v: was "SELECT 1", is gone'],
  [{ object: 'view shop.v', kind: 'changed' }, 'view shop.v: differs'],
  [{ object: 'table a', kind: 'changed', fact: 'digest' }, 'table a: the digest of its rows differs'],
  [{ object: 'shop.k', kind: 'orphans', found: '1234' }, 'shop.k: 1,234 rows refer to rows that do not exist'],
  [{ object: 'view shop.v', kind: 'invalid', said: 'no table' }, 'view shop.v: cannot be used (no table)'],
  [{ object: 'SELECT 1', kind: 'unmet', expected: 'at least 2', found: '1' }, 'SELECT 1: expected at least 2, got 1'],
  [{ object: 'a.zst', kind: 'damaged' }, 'a.zst: not what the manifest says'],
  [{ object: 'a.zst', kind: 'absent' }, 'a.zst: missing in the bucket'],
  [{ object: 'shop', kind: 'refused', said: 'no' }, 'shop: was refused (no)'],
  [{ object: 'shop', kind: 'of-a-newer-version' }, 'shop: of-a-newer-version'],
];

test.each(texts)('%j', (difference, text) => expect(differenceText({ check: 'sections', ...difference })).toBe(text));

const verdict = (changes: Partial<Verdict>): Verdict => ({
  ...{ formatVersion: 1, verdict: 'passed', testedAt: '2026-11-20T04:00:00Z' },
  ...{ source: 'shop', backupId: '2026-11-20T02-00-00Z', ...changes },
});

test('a sentence for each verdict', () => {
  expect(verdictSentence(verdict({ loadSeconds: 90 }), '3 tables, 1,234 rows')).toBe(
    'backup 2026-11-20T02-00-00Z of shop is proven: it was restored, and the restored server is as the one that was dumped: 3 tables, 1,234 rows; it loads in 90 seconds',
  );
  const differences = ['a', 'b', 'c', 'd', 'e', 'f'].map((object) => ({ check: 'sections', object, kind: 'missing' }));
  const failed = verdict({ verdict: 'failed', differences, differenceCount: 200 });
  expect(verdictSentence(failed)).toBe(
    'backup 2026-11-20T02-00-00Z of shop is not proven: a: missing; b: missing; c: missing; d: missing; e: missing; and 195 more',
  );
  expect(differencesText(failed, 1)).toBe('a: missing; and 199 more');
  expect(verdictSentence(verdict({ verdict: 'not-run', reason: { kind: 'image-lacks', object: 'postgis' } }))).toBe(
    'backup 2026-11-20T02-00-00Z of shop was not tested: postgis is not in the image',
  );
});

test('why something was left out', () => {
  expect(leftText('no-evidence')).toBe('the backup has no evidence: it is of an older version');
  expect(leftText('of-a-newer-version')).toBe('of-a-newer-version');
});
