import { Duration, Stack, TimeZone, Token } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { AlarmOptions, SourceAlarmProps } from '../../../lib';
import { AlarmSignal, BackupAlarms, BackupBucket, BackupPruning, BackupSchedule, DatabaseBackup } from '../../../lib';
import { Setup } from '../support';

const { FAILED, HOUSEKEEPING } = AlarmSignal;
const off = (signal: AlarmSignal, reason = 'Somebody looks every day.') => ({ signal, reason });

let stack: Stack;
let bucket: BackupBucket;
let count = 0;
const create = (options: AlarmOptions = {}) => new BackupAlarms(stack, `Alarms${count++}`, { bucket, ...options });
/** What is said after the path of the construct. */
function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return String(error).replace(/^Error: [^:]+: /, '');
  }
  throw new Error('it was not refused');
}

let setup: Setup;
beforeAll(() => {
  stack = new Stack();
  bucket = new BackupBucket(stack, 'Bucket');
  setup = new Setup();
});

test.each<[string, AlarmOptions, string]>([
  [
    'no address',
    { emails: ['ann'] },
    'emails must be addresses like backups@example.com, got: "ann": give each address by itself',
  ],
  [
    'two addresses in one',
    { emails: ['ann@example.com, bob@example.com'] },
    'emails must be addresses like backups@example.com, got: "ann@example.com, bob@example.com": give each address by itself',
  ],
  ...['jörg@example.com', 'a@exämple.com', 'a@b..cc', 'Ann <ann@example.com>'].map(
    (address): [string, AlarmOptions, string] => [
      `what SNS does not deliver to: ${address}`,
      { emails: [address] },
      `emails must be addresses like backups@example.com, got: "${address}": give each address by itself`,
    ],
  ),
  [
    'an address twice',
    { emails: ['ann@example.com', 'Ann@Example.com'] },
    'emails must differ, got: "ann@example.com" twice: leave one out',
  ],
  [
    'no time zone',
    { timeZone: TimeZone.of('Paris') },
    'timeZone of the alarms must be a name of the IANA database, for example Europe/Paris, got: "Paris": correct it',
  ],
  [
    'no reason',
    { signalsOff: [off(FAILED, ' ')] },
    'signalsOff needs a reason, got: none for failed: write down why nobody needs to hear of it, or leave the signal on',
  ],
  [
    'a signal twice',
    { signalsOff: [off(FAILED), off(FAILED)] },
    'signalsOff must name a signal once, got: failed twice: leave one out',
  ],
])('refuses %s', (_, options, sentence) => {
  expect(refusal(() => create(options))).toBe(sentence);
});

test('refuses an alias for a key', () => {
  const topicEncryptionKey = kms.Alias.fromAliasName(stack, 'Alias', 'alias/aws/sns');
  expect(refusal(() => create({ topicEncryptionKey }))).toBe(
    'topicEncryptionKey must be a key, got: an alias: give the key by its ARN',
  );
});

test('refuses a key of the topic in another Region', () => {
  const here = new Stack(undefined, 'Here', { env: { region: 'eu-west-1' } });
  const arn = 'arn:aws:kms:us-east-1:111122223333:key/0c1d2e3f-4051-6273-8495-a6b7c8d9e0f1';
  const options = {
    bucket: new BackupBucket(here, 'Bucket'),
    topicEncryptionKey: kms.Key.fromKeyArn(here, 'Key', arn),
  };
  expect(refusal(() => new BackupAlarms(here, 'Alarms', options))).toBe(
    'topicEncryptionKey must be in the Region of the alarms, eu-west-1, got: a key in us-east-1: use one in eu-west-1',
  );
});

describe('a dead-letter queue that is to be read', () => {
  const read = (queue?: sqs.IQueue) =>
    new BackupAlarms(stack, `Alarms${count++}`, { bucket, readDeadLetters: true, deadLetterQueue: queue });
  const queue = (props?: sqs.QueueProps) => new sqs.Queue(stack, `Queue${count++}`, props);

  test('must be there', () => {
    expect(refusal(() => read())).toBe(
      'readDeadLetters needs deadLetterQueue, got: none: give the queue, or leave readDeadLetters out',
    );
  });

  test.each([
    [undefined, 30],
    [Duration.seconds(119), 119],
  ])('must hide messages as long as the function may take: refuses %s', (visibilityTimeout, seconds) => {
    expect(refusal(() => read(queue({ visibilityTimeout })))).toBe(
      `visibility timeout of deadLetterQueue must be at least 120 seconds for readDeadLetters, got: ${seconds} seconds: lengthen it`,
    );
  });

  test('must be a standard one, which is said first', () => {
    expect(refusal(() => read(queue({ fifo: true })))).toMatch(
      /^deadLetterQueue must be a standard queue, got: the FIFO/,
    );
  });

  test('is read once', () => {
    const own = queue({ visibilityTimeout: Duration.minutes(2) });
    read(own);
    expect(refusal(() => read(own))).toMatch(
      /^deadLetterQueue must be read by one BackupAlarms only, got: \S+, which Default\/Alarms\d+ reads: leave readDeadLetters out of one of them$/,
    );
  });
});

test('refuses more alarms than an event pattern holds, however long CloudFormation makes their names', () => {
  const alarms = create();
  const replicate = (index: number) => alarms.watchReplication({ destinationBucketName: 'copies', ruleId: `${index}` });
  const said = refusal(() => {
    for (let index = 0; index < 20; index++) replicate(index);
  });
  expect(said).toMatch(/^alarms of the alarms must fit into an event pattern of 2048 characters/);
  // Each is two, of up to 128 characters.
  const names = alarms.node.findAll().filter((child) => child.node.id.startsWith('Replication'));
  expect(names.filter((child) => child.node.defaultChild).length * 131).toBeLessThan(2048 + 2 * 131);
});

test('an address that is known when it is deployed passes', () => {
  expect(() => create().addEmail(Token.asString({ Ref: 'Email' }))).not.toThrow();
});

test('refuses a lateness of a replication that no alarm can have', () => {
  const replication = { destinationBucketName: 'copies', ruleId: 'all', maxLatency: Duration.seconds(10) };
  expect(refusal(() => create().watchReplication(replication))).toBe(
    'maxLatency must be a whole number from 60 to 604800 seconds, got: 10',
  );
});

test('refuses a pruning of another bucket', () => {
  const pruning = new BackupPruning(stack, 'Pruning', { bucket: new BackupBucket(stack, 'Other') });
  expect(refusal(() => create().watchPruning(pruning))).toBe(
    'pruning must be of the bucket Default/Bucket, got: one of Default/Other: give it the same bucket',
  );
});

test.each<[string, SourceAlarmProps, string]>([
  [
    'a bound of 0',
    { sizeBounds: { shrink: 0 } },
    'shrink of sizeBounds must be a number above 0, got: 0: turn the signal off to allow any size',
  ],
  [
    'a bound that is no number',
    { sizeBounds: { growth: Number.NaN } },
    'growth of sizeBounds must be a number above 0, got: NaN: turn the signal off to allow any size',
  ],
  [
    'too short a history',
    { sizeBounds: { minHistory: 2 } },
    'minHistory of sizeBounds must be a whole number from 3 to 14 backups, got: 2',
  ],
  [
    'too long a history',
    { sizeBounds: { minHistory: 15 } },
    'minHistory of sizeBounds must be a whole number from 3 to 14 backups, got: 15',
  ],
  [
    'a table without a name',
    { sizeBounds: { ignoreTables: [''] } },
    'ignoreTables of sizeBounds must be names of tables, got: an empty text: leave it out',
  ],
  [
    'a source that turns off what is not its own',
    { signalsOff: [off(HOUSEKEEPING)] },
    "signalsOff of a source must be of its own signals, got: housekeeping, which is the bucket's: turn it off in the alarms",
  ],
  [
    'a source without a reason',
    { signalsOff: [off(FAILED, '')] },
    'signalsOff needs a reason, got: none for failed: write down why nobody needs to hear of it, or leave the signal on',
  ],
])('refuses %s', (_, props, sentence) => {
  expect(refusal(() => setup.add(props, `Source${count++}`))).toBe(sentence);
});

describe('a backup by itself', () => {
  const alone = (props: SourceAlarmProps & { alarms?: BackupAlarms }) => {
    const { cluster, bucket: own } = setup.backups;
    return new DatabaseBackup(setup.stack, `Alone${count++}`, {
      database: setup.mysql(),
      schedule: BackupSchedule.every(Duration.hours(6)),
      bucket: own,
      cluster,
      ...props,
    });
  };

  test.each<SourceAlarmProps>([{ sizeBounds: {} }, { signalsOff: [] }])(
    'refuses %j when nobody would look at it',
    (props) => {
      expect(refusal(() => alone(props))).toBe(
        `${Object.keys(props)[0]} needs alarms, got: none: give a BackupAlarms in alarms, or use Backups`,
      );
    },
  );

  test('refuses alarms of another bucket', () => {
    const alarms = new BackupAlarms(setup.stack, 'Others', { bucket: new BackupBucket(setup.stack, 'Elsewhere') });
    expect(refusal(() => alone({ alarms }))).toBe(
      'alarms must be of the bucket Stack/Backups/Bucket, got: one of Stack/Elsewhere: give it the same bucket',
    );
  });
});

test('refuses more sources than the settings hold', () => {
  const many = new Setup();
  const sizes = (index: number) => ({ sizeBounds: { shrink: index + 1, ignoreTables: ['t'.repeat(900)] } });
  const said = refusal(() => {
    for (let index = 0; index < 12; index++) many.add(sizes(index), `Source${index}`);
  });
  expect(said).toMatch(
    /^settings of the alarms must be at most 8192 characters, which a parameter of Systems Manager holds, got: \d+ with 7 sources: let sources share sizeBounds, or use another BackupAlarms or Backups$/,
  );
});

test('refuses more families than an event pattern holds', () => {
  const alarms = create();
  const source = (index: number) => ({
    name: `source-${index}`,
    bucket,
    familyPrefix: `${'family'.repeat(10)}-${index}-`,
    logGroup: alarms.logGroup,
    allowedAge: Duration.hours(30),
    isTested: true,
    onInstance: false,
    ageMetric: alarms.metricUnmeasured(),
    props: { signalsOff: [off(AlarmSignal.SILENT)] },
  });
  const said = refusal(() => {
    for (let index = 0; index < 20; index++) alarms._watchSource(stack, source(index));
  });
  expect(said).toMatch(
    /task families of the alarms must fit into an event pattern of 2048 characters, which EventBridge takes, got: \d+: use another BackupAlarms or Backups$/,
  );
});
