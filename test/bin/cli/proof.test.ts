import type { SourceObjectives } from '../../../bin/cli/aws/objectives';
import type { ListedBackup } from '../../../bin/cli/aws/stored-backups';
import { proofProblems } from '../../../bin/cli/print/proof';

const NOW = new Date('2026-11-30T02:00:00Z');
const objectives = new Map([['shop', { provenAgeSeconds: 8 * 86_400 } as SourceObjectives]]);

const backup = (day: number, safety?: boolean): ListedBackup => ({
  ...{ source: 'shop', id: `2026-11-${day}T02-00-00Z`, bytes: 1, storageClass: 'STANDARD', proven: true },
  test: { verdict: 'passed', testedAt: '2026-11-29T03:00:00Z' },
  ...(safety && { safety }),
});

test('what a restore has replaced proves nothing of a source, although it passed a test', () => {
  expect(proofProblems([backup(29), backup(10)], objectives, NOW)).toEqual([]);
  expect(proofProblems([backup(29, true), backup(10)], objectives, NOW)).toEqual([
    { source: 'shop', sentence: expect.stringMatching(/^a restore test is overdue: .* is 20 days old/) as string },
  ]);
});
