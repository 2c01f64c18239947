/** That the emails of the snapshots have what real events give, and that real events leave no word of a command open. */
import type { Cause, Signal } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';
import { composeProblems } from '../../../lambda/notify/compose/compose';
import type { Decidable } from '../../../lambda/notify/problems/decide';
import { blank, decide } from '../../../lambda/notify/problems/decide';
import { locate } from '../../../lambda/notify/problems/locate';
import type { QueueMessage } from '../../../lambda/notify/problems/observation';
import { observe } from '../../../lambda/notify/observe/observe';
import { PLACE, problem } from './compose-support';
import { alarmEvent, counted, NO_DATA, ageAlarm } from './events/alarms';
import { exited, neverStarted } from './events/ecs';
import { contextWith, messageOf, NOW, SETTINGS } from './events/message';
import { deadLetter, deleteCall, failedFunction, policyEvent, runTask, snapshotEvent } from './events/others';

const CATALOG = (signal: 'silent' | 'strange-size' | 'not-proven', cause: Cause): unknown => ({
  ...{ kind: 'measured', bucket: SETTINGS.bucket, at: NOW.toISOString(), complete: true, total: 1 },
  unmeasured: { count: 0, named: [] },
  sources: [
    {
      ...{ source: 'shop', ageSeconds: 1, allowedAgeSeconds: 93_600, sizeDeviation: 1 },
      findings: [{ signal, cause, sentence: problem(signal, cause).sentence, since: NOW.toISOString() }],
    },
  ],
});
const metric = (namespace: string, name: string, dimensions: Record<string, string>) =>
  alarmEvent({ namespace, name, dimensions }, counted(2));

const EVENTS: readonly (readonly [signal: Signal, cause: Cause, event: unknown])[] = [
  ['failed', 'connection', exited(11)],
  ['failed', 'privileges', exited(12)],
  ['failed', 'uploadFailed', exited(14)],
  ['failed', 'out-of-memory', exited(137, {}, 'OutOfMemoryError: Container killed due to memory usage')],
  ['failed', 'unknown-exit', exited(3)],
  ['never-started', 'image', neverStarted('CannotPullContainerError: failed to resolve ref')],
  ['never-started', 'secret', neverStarted('ResourceInitializationError: unable to retrieve secret from asm')],
  ['never-started', 'network', neverStarted('Network interface provisioning timed out: subnet has no address')],
  ['never-started', 'refused-by-ecs', runTask([{ reason: 'MISSING', detail: 'the cluster is inactive' }])],
  ['never-started', 'scheduler', deadLetter()],
  ['silent', 'too-old', CATALOG('silent', 'too-old')],
  ['silent', 'gone', CATALOG('silent', 'gone')],
  ['silent', 'not-measured', ageAlarm(NO_DATA)],
  ['strange-size', 'shrunk', CATALOG('strange-size', 'shrunk')],
  ['not-proven', 'restore-test-failed', CATALOG('not-proven', 'restore-test-failed')],
  [
    'housekeeping',
    'prune',
    failedFunction('acme-prune', { errorMessage: '1 problem in acme-backups: shop: it failed' }),
  ],
  ['housekeeping', 'prune', metric('ProvenBackups', 'PruneProblems', { Bucket: 'acme-backups' })],
  [
    'housekeeping',
    'prune-snapshots',
    failedFunction('acme-volumes', { errorMessage: '1 problem in Backup=daily: vol-0abc: it failed' }),
  ],
  ['housekeeping', 'prune-snapshots', metric('ProvenBackups', 'PruneProblems', { SnapshotTag: 'Backup=daily' })],
  ['housekeeping', 'measure', failedFunction('acme-measure', { errorMessage: 'the time of the run is over' })],
  ['housekeeping', 'snapshot-policy', policyEvent('the role may not use the key')],
  ['housekeeping', 'snapshot', snapshotEvent({})],
  [
    'housekeeping',
    'replication',
    metric('AWS/S3', 'OperationsFailedReplication', { SourceBucket: 'acme-backups', RuleId: 'copies' }),
  ],
  [
    'housekeeping',
    'denied-delete',
    deleteCall('DeleteObject', { bucketName: 'acme-backups', key: 'shop/2026-11-19T01-00-00Z/manifest.json' }),
  ],
  ['housekeeping', 'dead-letters', metric('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: 'acme-dead' })],
];

/** The problem that an event leads to, as it comes to be written, but for what is looked up. */
async function problemOf(event: unknown): Promise<Problem> {
  const context = contextWith({ lookUpSchedule: () => Promise.resolve({ family: 'acme-shop' }) });
  const isMessage = (event as { body?: unknown }).body !== undefined;
  const [observation] = await observe(isMessage ? (event as QueueMessage) : messageOf(event), context);
  const health = (observation as { sources?: readonly unknown[] }).sources?.[0];
  const decidable =
    health === undefined ? observation : { state: 'source-measured', of: 'shop', at: NOW.toISOString(), health };
  const { tell } = decide(blank('shop'), decidable as Decidable, NOW);
  return locate(tell!.problems[0]!, SETTINGS);
}

/** What is looked up afterwards. */
const LOOKED_UP: readonly string[] = ['newest', 'allowedAgeSeconds', 'lastUsual', 'logLines'];
/** A function is named by its name alone as well. */
const service = ({ resource }: Problem): string | undefined =>
  resource?.includes(':') ? resource.split(':')[2] : resource && 'lambda';

test.each(EVENTS)('%s %s', async (signal, cause, event) => {
  const real = await problemOf(event);
  expect(real).toMatchObject({ signal, cause });
  const fixture = problem(signal, cause);
  const invented = Object.keys(fixture).filter((key) => !LOOKED_UP.includes(key) && !(key in real));
  expect(invented).toEqual([]);
  expect(service(real)).toBe(service(fixture));
  const { text } = composeProblems([real], PLACE);
  const open = ['FAMILY', 'LOG_GROUP', 'TASK', 'FUNCTION', 'QUEUE_NAME', 'POLICY', 'SNAPSHOT', 'USER_NAME'];
  expect(open.filter((word) => text.includes(`"$${word}"`))).toEqual([]);
});
