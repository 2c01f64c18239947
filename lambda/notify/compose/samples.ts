/** Facts of an invented source, for test emails. */
import type { BackupFacts } from '../../../catalog/contract/alarms';
import type { DigestRow, NewNotes, Problem, Recovery, TaskFacts } from '../../../catalog/contract/notification';
import type { Place } from './place';

const HOUR = 3_600_000;
const SOURCE = 'example';
const ABOUT = { source: SOURCE, about: SOURCE } as const;
const TASK = '0123456789abcdef0123456789abcdef';
/** The allowed age of a nightly schedule. */
const ALLOWED = 25 * 3600 + 117;

const REFUSED =
  "could not connect to example.internal:3306: Access denied for user 'backup'@'10.0.12.7' (the server refused user or password: check the secret)";
const PRUNE_REFUSAL =
  '31 of 40 backups would be deleted, and a scheduled run deletes at most 50 % of them: look at them with proven-backups prune --dry-run, and delete them with proven-backups prune';

const LACKS = 'extension postgis';

/** One problem of each signal, two of restore tests, a recovery, the rows of a digest, and a note. */
export function samples({ partition, region, account, now }: Place): {
  readonly problems: readonly Problem[];
  readonly recovery: Recovery;
  readonly rows: readonly DigestRow[];
  readonly notes: readonly NewNotes[];
} {
  const ago = (hours: number): string => new Date(now.getTime() - hours * HOUR).toISOString();
  const arn = (service: string, rest: string): string => `arn:${partition}:${service}:${region}:${account}:${rest}`;
  const backup = (hours: number, bytes: number, rows = 1_204_511): BackupFacts => ({
    id: ago(hours).slice(0, 19).replaceAll(':', '-') + 'Z',
    time: ago(hours),
    ageSeconds: hours * 3600,
    bytes,
    uncompressedBytes: bytes * 5,
    rows,
    tables: 42,
    durationSeconds: 93,
    engine: 'mysql',
    engineVersion: '8.4.3',
  });
  const newest = backup(24, 344_000_000);
  const task: TaskFacts = {
    arn: arn('ecs', `task/Example/${TASK}`),
    clusterArn: arn('ecs', 'cluster/Example'),
    family: `Example-${SOURCE}`,
    exitCode: 11,
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    memory: 2048,
    scheduledTime: ago(1),
    startedAt: ago(1),
    stoppedAt: ago(0.9),
  };
  const known = { ...ABOUT, newest, allowedAgeSeconds: ALLOWED };
  const test = { id: newest.id, testedAt: ago(20), engine: 'mysql', serverVersion: '8.4.3' };
  const failed = `the restore test of backup ${newest.id} failed`;
  const proven = { id: backup(8 * 24, 0).id, testedAt: ago(8 * 24 - 4), ageSeconds: 8 * 86_400 };
  return {
    problems: [
      {
        ...known,
        signal: 'failed',
        cause: 'connection',
        sentence: REFUSED,
        reason: {
          kind: 'login-refused',
          host: 'example.internal',
          port: 3306,
          account: 'backup',
          said: "Access denied for user 'backup'@'10.0.12.7'",
        },
        engine: 'mysql',
        since: ago(1),
        times: 1,
        task,
        logGroup: 'Example-Logs',
        logStream: `${SOURCE}/backup/${TASK}`,
        logLines: [`info: backing up ${SOURCE}`, `error: ${REFUSED}`],
      },
      {
        ...known,
        signal: 'never-started',
        cause: 'image',
        sentence: 'the image could not be pulled: failed to resolve ref: i/o timeout',
        since: ago(1),
        task: { ...task, exitCode: undefined, stopCode: 'TaskFailedToStart' },
      },
      {
        ...known,
        signal: 'silent',
        cause: 'too-old',
        sentence: 'the newest backup is 38 hours old; the limit is 25 hours 1 minute',
        short: 'the newest backup is 38 hours old',
        since: ago(13),
        newest: backup(38, 344_000_000),
      },
      {
        ...known,
        signal: 'strange-size',
        cause: 'shrunk',
        sentence:
          '1.1 MiB before compression; the median of the 14 backups before it is 1.6 GiB (-100 %, 20.0 deviations)',
        short: '1.1 MiB instead of 1.6 GiB (-100 %)',
        since: ago(1),
        newest: backup(1, 240_000, 811),
        lastUsual: newest,
      },
      {
        ...known,
        signal: 'not-proven',
        cause: 'restore-test-failed',
        sentence: `${failed}: trigger example.orders_bi: missing; and 1 more difference`,
        short: `the restore test of ${newest.id} failed`,
        since: ago(20),
        test: {
          ...test,
          result: 'failed',
          differences: [
            { check: 'inventory', object: 'trigger example.orders_bi', kind: 'missing' },
            {
              ...{ check: 'rows', object: 'example.orders', kind: 'rows', rows: { differing: 2, of: 1_204_511 } },
              first: { key: 'id 17', column: 'note' },
            },
          ],
          differenceCount: 2,
        },
        proven: { ...proven, loadSeconds: 192, recoverySeconds: 192 },
      },
      {
        ...known,
        signal: 'not-proven',
        cause: 'restore-test-not-run',
        sentence: `the restore test of backup ${newest.id} could not run: ${LACKS} is not in the image`,
        short: 'a restore test could not run',
        since: ago(20),
        test: { ...test, engine: 'postgresql', serverVersion: '18.1', reason: { kind: 'image-lacks', object: LACKS } },
        newest: { ...newest, engine: 'postgresql', engineVersion: '18.1' },
        proven,
        logGroup: 'Example-Logs',
        logStream: `_prove/backup/${TASK}`,
      },
      {
        about: 'pruning',
        signal: 'housekeeping',
        cause: 'prune',
        sentence: `${SOURCE}: ${PRUNE_REFUSAL}`,
        short: `${SOURCE}: too much would be deleted`,
        pruned: {
          sources: [
            {
              source: SOURCE,
              refusal: { why: 'too-many', sentence: PRUNE_REFUSAL },
              errors: [],
              errorCount: 0,
              damagedCount: 0,
            },
          ],
          moreSources: 0,
        },
        since: ago(1),
      },
    ],
    recovery: {
      ...ABOUT,
      signals: ['failed', 'silent'],
      since: ago(38),
      at: ago(0),
      times: 2,
      newest: backup(0, 344_000_000),
    },
    rows: [
      row(SOURCE, backup(2, 344_000_000), ago(9 * 24)),
      row('example-silent', backup(38, 12_000_000), undefined, ago(13)),
    ],
    notes: [
      {
        source: SOURCE,
        newest: backup(1, 344_000_000),
        notes: [{ key: 'example', kind: 'undeclared-functions', objects: ['example.price'] }],
      },
    ],
  };
}

const row = (source: string, newest: BackupFacts, testedAt?: string, silentSince?: string): DigestRow => ({
  source,
  newest,
  ageSeconds: newest.ageSeconds,
  allowedAgeSeconds: ALLOWED,
  usualBytes: Math.round(newest.uncompressedBytes / 1.03),
  ...(testedAt !== undefined && { proven: { id: newest.id, testedAt, ageSeconds: 9 * 86_400 } }),
  findings:
    silentSince === undefined
      ? []
      : [
          {
            signal: 'silent',
            cause: 'too-old',
            sentence: 'the newest backup is 38 hours old; the limit is 25 hours 1 minute',
            short: 'the newest backup is 38 hours old',
            since: silentSince,
          },
        ],
  open: silentSince === undefined ? [] : ['silent'],
});
