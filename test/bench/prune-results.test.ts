import type { PruneRun } from '../../bench/prune-results';
import { demands, expectedRequests, report } from '../../bench/prune-results';

const MIB = 2 ** 20;
const base = { scenario: 'usual', backups: 25_000, deleted: 24, keptByRule: 16, seconds: 10 } as const;

function run(changes: Partial<PruneRun> = {}): PruneRun {
  const made = { ...base, peakRssBytes: 200 * MIB, requests: {}, ...changes };
  return { ...made, requests: changes.requests ?? expectedRequests(made) };
}
const missed = (runs: readonly PruneRun[]) => demands(runs).filter(({ met }) => !met);

test('requests are a list for each thousand objects, a get for each manifest that matters, deletes by the thousand', () => {
  expect(expectedRequests(run({ backups: 1250, deleted: 1001 }))).toEqual({
    ...{ GetParametersByPath: 1, ListObjectsV2: 4, GetObject: 1017 },
    ...{ GetBucketVersioning: 1, GetObjectLockConfiguration: 1, DeleteObjects: 4 },
  });
});

test('the limits themselves are met', () => {
  const large = run({ backups: 100_000, seconds: 15, peakRssBytes: 999 * MIB });
  expect(missed([run({ peakRssBytes: 256 * MIB }), run({ backups: 10_000, seconds: 1 }), large])).toEqual([]);
});

test.each<[string, PruneRun[]]>([
  ['usual, 25000 backups: MiB', [run({ peakRssBytes: 257 * MIB })]],
  ['usual, 25000 backups: GetObject', [run({ requests: { ...expectedRequests(run()), GetObject: 41 } })]],
  ['usual, 25000 backups: HeadObject', [run({ requests: { ...expectedRequests(run()), HeadObject: 1 } })]],
  [
    "usual, 10000 backups: times 1000's seconds",
    [run({ backups: 1000, seconds: 1 }), run({ backups: 10_000, seconds: 16 })],
  ],
])('missed alone: %s', (what, runs) => {
  expect(missed(runs)).toMatchObject([{ what }]);
  expect(report(runs, demands(runs))).toContain(`MISSED: ${what}`);
});
