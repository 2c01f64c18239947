/** The fixtures of emails have the facts of real events, and real events leave no placeholder in a command. */
import type { Cause, Signal } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';
import { composeProblems } from '../../../lambda/notify/compose/compose';
import type { Decidable } from '../../../lambda/notify/problems/decide';
import { decide } from '../../../lambda/notify/problems/decide';
import { blank } from '../../../lambda/notify/problems/remembered';
import { locate } from '../../../lambda/notify/problems/locate';
import type { QueueMessage } from '../../../lambda/notify/problems/observation';
import { observe } from '../../../lambda/notify/observe/observe';
import { PRUNED } from './compose-facts';
import { PLACE, problem } from './compose-support';
import { alarmEvent, counted, NO_DATA, ageAlarm } from './events/alarms';
import { exited, neverStarted } from './events/ecs';
import { contextWith, messageOf, NOW, SETTINGS } from './events/message';
import { backupJob, copyJob } from './events/managed';
import { deadLetter, deleteCall, failedFunction, policyEvent, runTask, snapshotEvent } from './events/others';

const CATALOG = (signal: 'silent' | 'strange-size' | 'not-proven', cause: Cause): unknown => ({
  kind: 'measured',
  bucket: SETTINGS.bucket,
  at: NOW.toISOString(),
  complete: true,
  total: 1,
  unmeasured: { count: 0, named: [] },
  sources: [
    {
      source: 'shop',
      ageSeconds: 1,
      allowedAgeSeconds: 93_600,
      sizeDeviation: 1,
      findings: [{ signal, cause, sentence: 'it is', short: 'it is', since: NOW.toISOString() }],
    },
  ],
});
const DEFINITION = 'arn:aws:ecs:eu-west-1:123456789012:task-definition';
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
  ['failed', 'managed-job', backupJob('FAILED', 'Access denied')],
  ['failed', 'managed-incomplete', backupJob('PARTIAL')],
  ['never-started', 'managed-expired', backupJob('EXPIRED')],
  ['housekeeping', 'managed-copy', copyJob('FAILED')],
  ['silent', 'too-old', CATALOG('silent', 'too-old')],
  ['silent', 'gone', CATALOG('silent', 'gone')],
  ['silent', 'not-measured', ageAlarm(NO_DATA)],
  ['strange-size', 'shrunk', CATALOG('strange-size', 'shrunk')],
  ['not-proven', 'restore-test-failed', CATALOG('not-proven', 'restore-test-failed')],
  ['housekeeping', 'prune', failedFunction('acme-prune', { errorMessage: 'Task timed out after 900.00 seconds' })],
  ['housekeeping', 'prune', PRUNED.prune],
  ['housekeeping', 'prune-snapshots', failedFunction('acme-volumes', { errorMessage: 'Task timed out' })],
  ['housekeeping', 'prune-snapshots', PRUNED['prune-snapshots']],
  ['housekeeping', 'restore', exited(1, { taskDefinitionArn: `${DEFINITION}/acme-shop_restore:3` })],
  ['housekeeping', 'maintain', exited(22, { taskDefinitionArn: `${DEFINITION}/acme-shop_maintain:3` })],
  ['not-proven', 'restore-test-not-run', exited(1, { taskDefinitionArn: `${DEFINITION}/acme-shop_prove:3` })],
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
    health === undefined ? observation : { state: 'source-measured', key: 'shop', at: NOW.toISOString(), health };
  const { tell } = decide(blank('shop'), decidable as Decidable, NOW);
  return locate(tell!.problems[0]!, SETTINGS);
}

/** Facts that are looked up afterwards, or that only some problems of a cause have. */
const LOOKED_UP: readonly string[] = [
  'newest',
  'allowedAgeSeconds',
  'lastUsual',
  'logLines',
  'reason',
  'engine',
  'proven',
  'objectives',
];
const OF_SOME: readonly string[] = ['pruned', 'short', 'variant', 'test', 'failingSince'];
/** A function is named by its name alone as well. */
const service = ({ resource }: Problem): string | undefined =>
  resource?.includes(':') ? resource.split(':')[2] : resource && 'lambda';

test.each(EVENTS)('%s %s', async (signal, cause, event) => {
  const real = await problemOf(event);
  expect(real).toMatchObject({ signal, cause });
  const fixture = problem(signal, cause);
  const invented = Object.keys(fixture).filter((key) => ![...LOOKED_UP, ...OF_SOME].includes(key) && !(key in real));
  expect(invented).toEqual([]);
  expect(service(real)).toBe(service(fixture));
  const { text } = composeProblems([real], PLACE);
  const open = ['FAMILY', 'LOG_GROUP', 'TASK', 'FUNCTION', 'QUEUE_NAME', 'POLICY', 'SNAPSHOT', 'USER_NAME'];
  expect(open.filter((word) => text.includes(`"$${word}"`))).toEqual([]);
});
