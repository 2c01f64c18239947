import type { ProofDifference } from '../../../catalog/bucket/verdict';
import { Findings } from '../../../task/prove/findings';
import { judge } from '../../../task/prove/judge';
import { BackupError } from '../../../task/run/errors';

/** What servers say of rows in words that no pattern knows. */
const SAID = "check the manual near 'INSERT INTO t VALUES (1,'Miller')' at line 1";
const DIFFERENCES: readonly ProofDifference[] = [
  { check: 'load', object: 'client-failed', kind: 'refused', said: SAID },
  { check: 'sections', object: 'view shop.v', kind: 'changed', expected: "WHERE name = 'Miller'", found: 'x' },
  { check: 'expectations', object: 'ONE', kind: 'unmet', expected: '1', found: 'Miller', said: SAID },
  {
    ...{ check: 'sections', object: 'table shop.t', kind: 'rows', expected: '3', found: '2' },
    ...{ rows: { differing: 1, of: 3 }, first: { key: "name 'Miller'", column: 'note' } },
  },
];

const judged = (isEncrypted: boolean, failure?: BackupError) => {
  const findings = new Findings();
  if (!failure) for (const one of DIFFERENCES) findings.add('load', { differences: [one], compared: 1 });
  return judge(findings, failure, isEncrypted);
};
const died = new BackupError('notTested', 'it died', { kind: 'scratch-server', object: 'shop', said: SAID });

test('a verdict of an encrypted backup has nothing that only its recipients may read', () => {
  const { verdict, differences } = judged(true);
  expect({ verdict, differences }).toEqual({
    verdict: 'failed',
    differences: [
      { check: 'load', object: 'client-failed', kind: 'refused' },
      { check: 'sections', object: 'view shop.v', kind: 'changed' },
      { check: 'expectations', object: 'ONE', kind: 'unmet' },
      {
        ...{ check: 'sections', object: 'table shop.t', kind: 'rows', expected: '3', found: '2' },
        rows: { differing: 1, of: 3 },
      },
    ],
  });
  expect(judged(true, died)).toMatchObject({
    verdict: 'not-run',
    reason: { kind: 'scratch-server', object: 'shop' },
  });
  expect(JSON.stringify([judged(true), judged(true, died)])).not.toContain('Miller');
});

test('a verdict of another backup has the words of the server', () => {
  expect(judged(false).differences![0]!.said).toContain('near');
  expect(judged(false, died).reason!.said).toContain('near');
});
