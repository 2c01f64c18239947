import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ALARM_ENV } from '../../../catalog/contract/alarms';
import { HANDLER_ENV } from '../../../catalog/contract/handlers';
import { Emulator } from '../../emulator/emulator';
import { daysAgo, invoke, PruneScene, settingsOf, SIXTY_HOURS } from '../support';

jest.setTimeout(300_000);

let emulator: Emulator;
let scene: PruneScene;
let ids: string[];
let count = 0;

beforeAll(async () => {
  emulator = await Emulator.start();
});
beforeEach(async () => {
  scene = await PruneScene.create(emulator, `prune-handler-${++count}`);
  ids = Array.from({ length: 6 }, (_, day) => daysAgo(day));
  for (const id of ids) await scene.backup(id);
});
afterAll(async () => await emulator.stop());

const run = (event: unknown, env: Record<string, string> = {}, preload?: string) =>
  invoke('prune', event, { ...scene.environment, ...env }, preload);

test('a run by schedule writes one line for each source, and the metrics by bucket', async () => {
  const { log, failure } = await run({});
  expect(failure).toBeUndefined();
  expect(log).toEqual([
    {
      time: expect.any(String),
      level: 'info',
      event: 'pruned',
      message: 'shop: 3 kept, 3 deleted',
      of: scene.bucket,
      dryRun: false,
      source: 'shop',
      kept: 3,
      deleted: 3,
      bytesFreed: expect.any(Number),
      held: 0,
      damaged: [],
      damagedCount: 0,
      leftovers: 0,
      strangers: 0,
      errors: [],
      problems: 0,
    },
    {
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'ProvenBackups',
            Dimensions: [['Bucket']],
            Metrics: [
              { Name: 'PruneKept', Unit: 'Count' },
              { Name: 'PruneDeleted', Unit: 'Count' },
              { Name: 'PruneBytesFreed', Unit: 'Bytes' },
              { Name: 'PruneProblems', Unit: 'Count' },
            ],
          },
        ],
      },
      Bucket: scene.bucket,
      PruneKept: 3,
      PruneDeleted: 3,
      PruneBytesFreed: log[0]!.bytesFreed,
      PruneProblems: 0,
    },
  ]);
  expect(await scene.ids()).toEqual(ids.slice(0, 3));
});

test('a run by schedule sends its report to the alarms that watch; one on demand only answers', async () => {
  await scene.put(`shop/${ids[0]}/manifest.json`, 'not JSON');
  const damage = `manifest shop/${ids[0]}/manifest.json is not JSON`;
  const sqs = new SQSClient(emulator.client);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `${scene.bucket}-events` }));
  const watched = { [ALARM_ENV.events]: QueueUrl!, AWS_LAMBDA_FUNCTION_NAME: 'acme-prune' };
  const byHand = await run({ dryRun: true }, watched);
  expect(byHand.answer).toMatchObject({ dryRun: true, problems: 1 });
  // Metrics of a dry run would count what did not happen.
  expect(byHand.log).toMatchObject([{ level: 'error', event: 'pruned', problems: 1 }]);
  const scheduled = await run({}, watched);
  expect(scheduled.failure).toBeUndefined();
  expect(scheduled.log).toMatchObject([{ level: 'error' }, { PruneProblems: 1, PruneDeleted: 3 }]);
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  expect(Messages!.map(({ Body }) => JSON.parse(Body!) as unknown)).toEqual([
    {
      kind: 'pruned',
      prunes: 'backups',
      scope: scene.bucket,
      at: expect.any(String),
      functionName: 'acme-prune',
      sources: [
        {
          source: 'shop',
          errors: [],
          errorCount: 0,
          damaged: { id: ids[0], damage: expect.stringContaining(damage) },
          damagedCount: 1,
        },
      ],
      moreSources: 0,
    },
  ]);
});

test('a run that cannot send its report fails, so that Lambda tells', async () => {
  const { failure, log } = await run({}, { [ALARM_ENV.events]: `${emulator.endpoint}/000000000000/none` });
  expect(failure).toMatch(/NonExistentQueue|does not exist/);
  expect(log.at(-1)).toMatchObject({ PruneProblems: 0 });
});

test('the clock of the machine does not matter', async () => {
  for (const years of [-20, 20]) {
    const shift = `const real = Date, by = ${years} * 31536000000;
      globalThis.Date = class extends real {
        constructor(...args) { args.length > 0 ? super(...args) : super(real.now() + by); }
        static now() { return real.now() + by; }
      };`;
    const { answer } = await run({ dryRun: true }, {}, shift);
    expect(answer).toMatchObject({ problems: 0, sources: [{ kept: 3, deleted: 3 }] });
  }
});

const CONTINUES = ': the next run continues, or run it again';
const OVER = 'could not look at all of it: the time of the run is over: nothing that was not looked at is deleted';

test.each([
  ['at all', 0, `not finished: none of it was looked at${CONTINUES}`],
  ['for the floor', 1, OVER],
  ['for deletions', 2, `not finished: 3 backups are still to be looked at${CONTINUES}`],
  ['for their manifests', 3, OVER],
  ['for their notes', 4, OVER],
])('when no time is left %s it stops, and says so', async (_, looks, sentence) => {
  const remaining = [...Array<number>(looks).fill(900_000), 59_000].join(',');
  const { answer } = await run({}, { REMAINING: remaining });
  expect(answer).toMatchObject({ sources: [{ errors: [expect.stringContaining(sentence)] }] });
  expect(await scene.ids()).toEqual(ids);
});

test.each<[string, unknown, string]>([
  ['a misspelt key', { dryrun: true }, 'the request is not understood, nothing was done: Unrecognized key: "dryrun"'],
  ['no request', null, 'the request is not understood, nothing was done: Invalid input: expected object'],
  ['ids without a source', { confirmed: [] }, 'confirmed ids need their source: give it in source; nothing was done'],
  ['another source', { source: 'blog' }, 'source blog is not managed here, got sources: shop: nothing was done'],
])('%s is refused', async (_, request, sentence) => {
  const { failure, log } = await run(request);
  expect(failure).toContain(sentence);
  expect(log).toEqual([]);
  expect(await scene.ids()).toEqual(ids);
});

test.each<[string, (name: string, bucket: string) => string, string]>([
  ['not JSON', () => '{', 'are not JSON: '],
  [
    'of a newer format',
    () => '{"formatVersion":2}',
    'have format 2, but this version of cdk-proven-backups reads formats up to 1: update cdk-proven-backups',
  ],
  ['incomplete', () => '{"formatVersion":1}', 'are damaged: bucket: '],
  ['for another bucket', () => JSON.stringify(settingsOf('another', ['shop'])), 'are for the bucket another, not for '],
  [
    'with a retention that is none',
    (_, bucket) => JSON.stringify(settingsOf(bucket, ['shop'], { retentions: [{ ...SIXTY_HOURS, keepLast: 0 }] })),
    'are damaged: retentions: 0: keepLast must be a whole number from 1 to 100000, got: 0: deploy their stack again',
  ],
  [
    'with a rule that is not known',
    (_, bucket) => JSON.stringify(settingsOf(bucket, ['shop'])).replace('keepForSeconds', 'keepForEver'),
    'are damaged: retentions: 0: Unrecognized key: "keepForEver"',
  ],
  [
    'with something about a source that is not known',
    (_, bucket) => JSON.stringify(settingsOf(bucket, ['shop'])).replace('"retention":0', '"retention":0,"hold":true'),
    'are damaged: sources: shop: Unrecognized key: "hold"',
  ],
  [
    'with a source that names no retention',
    (_, bucket) => JSON.stringify(settingsOf(bucket, ['shop'], { retentions: [] })),
    'are damaged: shop: no retention has the number 0: deploy their stack again',
  ],
  [
    'with a source that is no name',
    (_, bucket) => JSON.stringify(settingsOf(bucket, ['../shop'])),
    'are damaged: sources: ',
  ],
  [
    'with a share above one',
    (_, bucket) => JSON.stringify(settingsOf(bucket, ['shop'], { maxDeleteShare: 50 })),
    'are damaged: maxDeleteShare: ',
  ],
])('settings that are %s delete nothing', async (_, text, sentence) => {
  await scene.configure(text(scene.parameter(), scene.bucket));
  const { failure, log } = await run({});
  expect(failure).toContain(`the settings ${scene.parameter()} ${sentence}`);
  expect(log).toMatchObject([
    { level: 'error', event: 'failed', message: failure, of: scene.bucket },
    { Bucket: scene.bucket, PruneProblems: 1 },
  ]);
  expect(await scene.ids()).toEqual(ids);
});

test('settings that do not exist, and an environment without them, delete nothing', async () => {
  const name = scene.parameter('gone');
  expect((await run({}, { [HANDLER_ENV.settings]: name })).failure).toBe(
    `the settings ${name} do not exist: nothing was done; deploy the stack again`,
  );
  expect((await run({}, { [HANDLER_ENV.bucket]: '' })).failure).toBe(
    'the environment variable BACKUP_BUCKET is not set: deploy the stack again',
  );
  expect(await scene.ids()).toEqual(ids);
});

test('more parameters than a page of Systems Manager holds are all read', async () => {
  for (let index = 0; index < 25; index++) {
    await scene.configure(JSON.stringify(settingsOf(scene.bucket, [`source-${index}`])), `a${index}`);
  }
  await scene.backup(daysAgo(9), 'source-24');
  expect((await run({ dryRun: true })).answer).toMatchObject({ unmanaged: [], sources: [{ source: 'shop' }] });
});
