/** Messages as the queue hands them to Lambda, and what they are read with. */
import type { AlarmSettings } from '../../../../catalog/contract/alarms';
import type { QueueMessage } from '../../../../lambda/notify/problems/observation';
import type { ObserveContext } from '../../../../lambda/notify/observe/observe';

export const QUEUE = 'arn:aws:sqs:eu-west-1:123456789012:backups-events';
export const DEAD_LETTERS = 'arn:aws:sqs:eu-west-1:123456789012:backups-dead-letters';

/** A file system that AWS Backup backs up. */
export const FILE_SYSTEM = 'arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0123456789abcdef0';

/** Two databases, a file system, and a restore of one of the databases by somebody else: `app-shop` begins like `app-shop-restore`. */
export const SETTINGS: AlarmSettings = {
  formatVersion: 1,
  bucket: 'acme-backups',
  timeZone: 'Europe/Paris',
  digest: 'off',
  off: [],
  families: ['acme-', 'other-'],
  logGroups: ['/backups/other', '/backups/acme', '/backups/tests'],
  sizeBounds: [],
  sources: {
    shop: { family: 0, logGroup: 1, allowedAgeSeconds: 93_600, provenAgeSeconds: 3_024_000 },
    crm: { family: 1, logGroup: 0, allowedAgeSeconds: 93_600, provenAgeSeconds: 3_024_000 },
    media: {
      ...{ family: 0, logGroup: 0, allowedAgeSeconds: 93_600, provenAgeSeconds: 1, tests: 'off' },
      managed: { resource: FILE_SYSTEM, vault: 'acme-vault', plan: 'acme-plan' },
    },
  },
  measureFunction: 'acme-measure',
  notifyFunction: 'acme-notify',
  functionLogGroup: 0,
  prunings: [
    { functionName: 'acme-prune', logGroup: 1 },
    { functionName: 'acme-volumes', logGroup: 0, tag: 'Backup=daily' },
  ],
  testings: [{ familyPrefix: 'acme-RestoreTesting-', logGroup: 2 }],
};

export const NOW = new Date('2026-11-20T05:00:00.000Z');
export const contextWith = (changes: Partial<ObserveContext> = {}): ObserveContext => ({
  settings: SETTINGS,
  deadLetters: DEAD_LETTERS,
  lookUpSchedule: () => Promise.resolve(undefined),
  lookUpCommand: { endOf: () => Promise.resolve({}), requestOf: () => Promise.resolve({ targets: 1 }) },
  measuredAt: () => Promise.resolve(undefined),
  rememberFailedTest: () => Promise.resolve(),
  now: NOW,
  ...changes,
});

/** A message whose body is a document, or a text as it is. */
export const messageOf = (body: unknown, changes: Partial<QueueMessage> = {}): QueueMessage => ({
  messageId: '059f36b4-87a3-44ab-83d2-661975830a7d',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  eventSourceARN: QUEUE,
  attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.parse('2026-11-20T02:10:30.000Z')) },
  messageAttributes: {},
  ...changes,
});

/** What EventBridge puts around every event. */
export const eventOf = (source: string, type: string, detail: object, resources: readonly string[] = []) => ({
  version: '0',
  id: '315c1398-40ff-a850-213b-158f73e60175',
  'detail-type': type,
  source,
  account: '123456789012',
  time: '2026-11-20T02:10:22Z',
  region: 'eu-west-1',
  resources,
  detail,
});
