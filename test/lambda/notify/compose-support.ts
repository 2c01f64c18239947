/** Facts of emails in tests, and how their full texts are compared. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { BackupFacts, Cause, Signal } from '../../../catalog/contract/alarms';
import { CAUSES, SIGNALS } from '../../../catalog/contract/alarms';
import { version } from '../../../package.json';
import type { CommandFacts, DigestRow, Problem, Recovery } from '../../../catalog/contract/notification';
import { logTail } from '../../../catalog/contract/run-log';
import type { Composed, Place } from '../../../lambda/notify/compose/place';
import type { MessageReading } from '../../../lambda/notify/observe/message';
import { decide } from '../../../lambda/notify/problems/decide';
import type { Trouble } from '../../../lambda/notify/problems/observation';
import { blank } from '../../../lambda/notify/problems/remembered';
import type { TaskEnd } from '../../../lambda/notify/observe/task-causes';
import { failed, notStarted, startSentence } from '../../../lambda/notify/observe/task-causes';
import { readPruned } from '../../../lambda/notify/observe/own-messages';
import type { Failed, LastLine, NotStarted } from './compose-facts';
import type { FailedRun } from './compose-reasons';
import {
  AGE_ALARM,
  ENDS,
  HOUSEKEEPING,
  LAST_LINES,
  LOG,
  MANAGED,
  PRUNED,
  REASONS,
  SCHEDULE,
  SENTENCES,
  STARTED,
  TASK,
} from './compose-facts';

const EMAILS = path.join(__dirname, 'emails');

export const PLACE: Place = {
  partition: 'aws',
  account: '111122223333',
  region: 'eu-west-1',
  bucket: 'acme-backups',
  timeZone: 'Europe/Paris',
  now: new Date('2026-11-20T01:04:10Z'),
};

/** Compares an email with its file; `UPDATE_EMAILS=1` writes it, to be read before it is committed. */
export function expectEmail(name: string, { notification, text }: Composed): void {
  const file = path.join(EMAILS, `${name}.txt`);
  // A release changes all links.
  const email = `Subject: ${notification.subject}\n\n${text}`.replaceAll(`/blob/v${version}/`, '/blob/v0.0.0/');
  if (process.env['UPDATE_EMAILS'] === '1') fs.writeFileSync(file, email);
  expect(email).toBe(fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : `${file} (is not there)`);
}

/** Names of the files with emails. */
export const emailFiles = (): string[] => fs.readdirSync(EMAILS).map((name) => name.replace(/\.txt$/, ''));

/** A backup made so many hours ago. */
export const backup = (hours: number, change: Partial<BackupFacts> = {}): BackupFacts => ({
  ...backupAt(new Date(PLACE.now.getTime() - hours * 3_600_000).toISOString()),
  ...change,
});

/** A backup made at a time. */
function backupAt(time: string): BackupFacts {
  return {
    id: `${time.slice(0, 19).replaceAll(':', '-')}Z`,
    time,
    ageSeconds: (PLACE.now.getTime() - Date.parse(time)) / 1000,
    bytes: 344_012_991,
    uncompressedBytes: 1_720_004_411,
    rows: 1_204_511,
    tables: 42,
    durationSeconds: 93,
    engine: 'mysql',
    engineVersion: '8.4.3-log',
  };
}

/** As the nightly schedule makes them: at 02:00 in Paris. */
const ALLOWED = 25 * 3600 + 117;
const LAST_NIGHT = backupAt('2026-11-19T01:00:00Z');
const EMPTY = { bytes: 2_104, uncompressedBytes: 51_204, rows: 0 };
const STRANGE: Readonly<Partial<Record<Cause, Partial<BackupFacts>>>> = {
  empty: EMPTY,
  'table-lost': { rows: 392_467, bytes: 201_400_112, uncompressedBytes: 1_004_200_417 },
  shrunk: { rows: 288_100, bytes: 82_400_112, uncompressedBytes: 412_200_417 },
  grown: { rows: 6_870_114, bytes: 1_960_004_112, uncompressedBytes: 9_804_200_417 },
};

/** The facts in a log, as the program writes it. */
const logOf = (source: string, last: LastLine | undefined): Partial<Problem> => {
  const { lines, failure } = logTail(
    [
      { level: 'info', event: 'start', message: `backing up ${source} as 2026-11-20T01-00-00Z` },
      ...(last === undefined ? [] : [{ level: 'error', event: 'failed', ...last }]),
    ].map((line) => JSON.stringify(line)),
  );
  const { message, reason, engine } = failure ?? {};
  return {
    logLines: lines,
    ...(message !== undefined && { sentence: message }),
    ...(reason && { reason }),
    ...(engine !== undefined && { engine }),
  };
};

/** A failed run with a reason, as an email gets it. */
export const failedRun = ({ cause, ...last }: FailedRun, change: Partial<Problem> = {}): Problem =>
  problem('failed', cause, { ...logOf(change.source ?? 'shop', last), ...change });

/** A report of a pruning, as an email gets it. */
export function prunedProblem(name: string): Problem {
  const report = PRUNED[name]!;
  const settings = { bucket: PLACE.bucket, sources: {}, off: [] };
  const [found] = readPruned({ body: report, settings, event: 'event' } as unknown as MessageReading);
  const { tell } = decide(blank('housekeeping/prune'), found as Trouble, PLACE.now);
  return tell!.problems[0]!;
}

/** A problem with a cause, as it would really come: sentences of ECS are read by the function that reads them. */
export function problem(signal: Signal, cause: Cause, change: Partial<Problem> = {}): Problem {
  const since = TASK.stoppedAt!;
  const of = { signal, cause, since };
  if (signal === 'housekeeping') {
    if (cause === 'prune' || cause === 'prune-snapshots') return { ...prunedProblem(cause), ...change };
    return { about: 'bucket', ...of, ...said(cause), ...HOUSEKEEPING[cause], ...change };
  }
  const name = change.source ?? 'shop';
  const source = { ...of, source: name, about: name, newest: LAST_NIGHT, allowedAgeSeconds: ALLOWED };
  if (cause.startsWith('managed-')) return { ...source, ...said(cause), ...MANAGED, ...change };
  if (signal === 'failed') {
    const end = ENDS[cause as Failed];
    const task = { ...TASK, ...STARTED, ...end, family: `ShopBackups-${name}` };
    return {
      ...source,
      sentence: failed(end)!.sentence,
      task,
      ...LOG,
      logStream: LOG.logStream.replace('shop', name),
      ...logOf(name, LAST_LINES[cause as Failed]),
      ...change,
    };
  }
  if (signal === 'never-started') return { ...source, ...neverStarted(cause), logGroup: LOG.logGroup, ...change };
  const found = { ...source, ...said(cause), logGroup: LOG.logGroup };
  if (signal === 'silent') {
    const newest = cause === 'no-backup-yet' || cause === 'gone' ? undefined : backupAt('2026-11-18T00:04:00Z');
    const noticed = cause === 'gone' ? '2026-11-20T01:02:12.000Z' : '2026-11-19T01:05:57.000Z';
    const alarm = cause === 'not-measured' && { resource: AGE_ALARM };
    return { ...found, newest, since: noticed, ...alarm, ...change };
  }
  if (signal === 'not-proven') return { ...found, since: '2026-11-14T01:00:00.000Z', ...PROOFS[cause], ...change };
  const newest = { ...backupAt('2026-11-20T01:00:00Z'), ...STRANGE[cause] };
  const tables = cause === 'table-lost' && { tables: ['shop.orders'] };
  return { ...found, ...tables, newest, lastUsual: LAST_NIGHT, since: newest.time, ...change };
}

const PROVEN = {
  ...{ id: '2026-11-18T01-00-00Z', testedAt: '2026-11-18T05:12:00Z', ageSeconds: 172_800 },
  ...{ loadSeconds: 192, recoverySeconds: 192 },
};
const TEST = { id: LAST_NIGHT.id, testedAt: '2026-11-19T05:12:00Z', engine: 'postgresql', serverVersion: '18.1' };
const OLD_PROOF = { ...PROVEN, id: '2026-10-10T01-00-00Z', testedAt: '2026-10-10T05:12:00Z', ageSeconds: 41 * 86_400 };

/** What is known of restore tests, by cause. */
const PROOFS: Readonly<Partial<Record<Cause, Partial<Problem>>>> = {
  'restore-test-failed': {
    proven: PROVEN,
    failingSince: '2026-11-18T13-00-00Z',
    test: {
      ...TEST,
      differences: [
        { check: 'inventory', object: 'trigger shop.orders_bi', kind: 'missing' },
        {
          ...{ check: 'rows', object: 'table shop.orders', kind: 'rows', rows: { differing: 2, of: 1_204_511 } },
          first: { key: 'id 17', column: 'note' },
        },
        {
          ...{ check: 'inventory', object: 'view shop.totals', kind: 'changed', fact: 'definer' },
          ...{ expected: "'app'@'%'", found: 'root@localhost' },
        },
      ],
      differenceCount: 12,
    },
  },
  'restore-test-not-run': {
    proven: PROVEN,
    test: { ...TEST, reason: { kind: 'image-lacks', object: 'extension postgis' } },
  },
  'too-large': { test: { id: LAST_NIGHT.id, testedAt: '2026-11-19T05:12:00Z' } },
  'proof-too-old': { proven: OLD_PROOF },
  'recovery-too-slow': {
    proven: { ...PROVEN, loadSeconds: 7_920, recoverySeconds: 7_920 },
    objectives: { recoveryTimeSeconds: 3_600 },
  },
};

/** A command on an instance. */
export const COMMAND: CommandFacts = {
  id: 'e8d3c0e4-71f7-4491-898f-c9b35bee5f3b',
  document: 'ShopBackups-Backups-shop',
  instanceId: 'i-0a1b2c3d4e5f60718',
  exitCode: 101,
  status: 'Failed',
};

function said(cause: Cause): Pick<Problem, 'sentence' | 'short'> {
  const [sentence, short] = SENTENCES[cause]!;
  return { sentence, ...(short !== undefined && { short }) };
}

function neverStarted(cause: Cause): Pick<Problem, 'sentence' | 'task' | 'command' | 'resource'> {
  if (cause === 'instance-not-reached' || cause === 'instance-not-ready') {
    const said = cause === 'instance-not-ready' ? 'docker is not in PATH: install Docker' : 'ConnectionLost';
    return { sentence: startSentence(cause, said), command: COMMAND };
  }
  if (cause === 'scheduler') {
    const said = 'AccessDeniedException (3 retries): not authorized to perform ecs:RunTask';
    return { sentence: startSentence(cause, said), resource: SCHEDULE };
  }
  if (cause === 'refused-by-ecs') return { sentence: startSentence(cause, 'MISSING: the cluster is inactive') };
  const end: TaskEnd = { stopCode: 'TaskFailedToStart', stoppedReason: REASONS[cause as NotStarted] };
  return { sentence: notStarted(end).sentence, task: { ...TASK, ...end } };
}

/** Causes that the real functions read from the ends of tasks in the fixtures. */
export const readCauses = (): readonly (readonly [expected: string, read: string | undefined])[] => [
  ...Object.entries(ENDS).map(([cause, end]) => [cause, failed(end)?.cause] as const),
  ...Object.entries(REASONS).map(
    ([cause, stoppedReason]) => [cause, notStarted({ stopCode: 'TaskFailedToStart', stoppedReason }).cause] as const,
  ),
];

/** Each signal with each of its causes. */
export const EVERY_CAUSE = SIGNALS.flatMap((signal) => CAUSES[signal].map((cause) => [signal, cause] as const));

export const RECOVERY: Recovery = {
  source: 'shop',
  about: 'shop',
  signals: ['failed', 'silent'],
  since: '2026-11-18T01:01:12Z',
  at: '2026-11-20T01:02:40Z',
  times: 2,
  newest: backupAt('2026-11-20T01:00:00Z'),
};

/** A row of a digest. */
export function row(source: string, change: Partial<DigestRow> = {}): DigestRow {
  return {
    source,
    newest: backup(2),
    ageSeconds: 7200,
    allowedAgeSeconds: ALLOWED,
    usualBytes: 1_669_907_194,
    proven: { id: '2026-11-18T01-00-00Z', testedAt: '2026-11-18T05:12:00Z', ageSeconds: 150_000 },
    findings: [],
    open: [],
    ...change,
  };
}
