import type { Answer, Asked } from './cli-support';
import { cli, directoryParameter, isolateEnvironment, parametersUnder, StandIn } from './cli-support';

isolateEnvironment();

/** Outputs of the stack, by their keys; `undefined`: there is no such stack. */
let outputs: Record<string, string> | undefined;
let standIn: StandIn;

beforeEach(async () => {
  outputs = { BackupsBucketName0A1B2C3D: 'of-the-stack', AlarmTopic: 'arn:aws:sns:eu-west-1:111122223333:topic' };
  standIn = new StandIn(answer);
  await standIn.start();
});
afterEach(() => standIn.stop());

const error = (code: string, message: string): Answer => ({
  status: 400,
  body: `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});

function answer(asked: Asked): Answer | undefined {
  const { method, body } = asked;
  if (asked.target) return parametersUnder(asked, [directoryParameter('shop', {})]);
  if (method === 'GET') return { body: '<ListBucketResult/>' };
  const query = new URLSearchParams(body);
  if (query.get('Action') !== 'DescribeStacks') return undefined;
  if (!outputs) return error('ValidationError', `Stack with id ${query.get('StackName')} does not exist`);
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  return {
    body: `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  };
}

const list = (...args: string[]) => cli(['list', '--no-snapshots', ...args]);

describe('the bucket', () => {
  test.each([
    ['--bucket', ['--bucket', 'of-the-option'], 'from-the-environment', 'of-the-option'],
    ['PROVEN_BACKUPS_BUCKET', [], 'from-the-environment', 'from-the-environment'],
    ['the output of --stack', ['--stack', 'Shop'], 'from-the-environment', 'of-the-stack'],
  ])('is that of %s', async (_, args, variable, bucket) => {
    process.env.PROVEN_BACKUPS_BUCKET = variable;
    expect(await list(...args)).toEqual({ code: 0, out: `No backups in ${bucket}.\n`, err: '' });
  });

  test('is the same for every command', async () => {
    process.env.PROVEN_BACKUPS_BUCKET = 'shop-backups';
    for (const args of [
      ['run', '--source', 'shop'],
      ['prune', '--dry-run', '--source', 'shop'],
    ]) {
      expect((await cli(args)).err).toBe('error: bucket shop-backups has no source shop: it has none at all\n');
    }
    for (const args of [['undelete'], ['alarm', 'test']]) {
      expect((await cli(args)).err).toMatch(/^error: bucket shop-backups has no (undelete|notify) function: /);
    }
  });

  test.each([
    ['no stack of the name', undefined, 'there is no stack Shop in eu-west-1: check --stack, --region and the account'],
    ['no such output', {}, 'stack Shop has no output whose key contains BucketName: give --bucket'],
    [
      'two buckets',
      { BucketName: 'a-a', LogsBucketName: 'b-b' },
      'stack Shop names several buckets, BucketName = a-a, LogsBucketName = b-b: give one of them as --bucket',
    ],
  ])('%s', async (_, found, sentence) => {
    outputs = found;
    expect(await list('--stack', 'Shop')).toEqual({ code: 1, out: '', err: `error: ${sentence}\n` });
  });

  test('may have two outputs', async () => {
    outputs = { BucketName: 'a-a', BackupsBucketName: 'a-a' };
    expect(await list('--stack', 'Shop')).toMatchObject({ out: 'No backups in a-a.\n' });
  });

  test.each([
    [['run', '--source', 'shop'], ''],
    [['undelete'], ''],
    [['alarm', 'test'], ''],
    [['list'], ', or list --only-snapshots'],
    [['prune'], ', or prune snapshots with --function'],
  ])('is missing: %j', async (args, otherwise) => {
    const sentence = `no bucket given: use --bucket or --stack, set PROVEN_BACKUPS_BUCKET${otherwise}`;
    expect(await cli(args)).toEqual({ code: 2, out: '', err: `error: ${sentence}\n` });
    expect(standIn.asked).toEqual([]);
  });

  test.each([
    [['--bucket', 's3://x'], '--bucket'],
    [[], 'PROVEN_BACKUPS_BUCKET'],
  ])('is no bucket: %j', async (args, what) => {
    process.env.PROVEN_BACKUPS_BUCKET = 's3://x';
    expect((await list(...args)).err).toBe(
      `error: ${what} must be the name of a bucket, such as shop-backups, got: "s3://x": leave out s3:// and folders\n`,
    );
  });

  test('of --function is that of nobody', async () => {
    process.env.PROVEN_BACKUPS_BUCKET = 'shop-backups';
    expect((await cli(['prune', '--dry-run', '--function', 'snapshots'])).err).toMatch(
      / invoke the function snapshots/,
    );
  });
});

test('the help marks what is required', async () => {
  const { out } = await cli(['run', '--help']);
  expect(out).toMatch(/--source <name> +source to back up \(required\)$/m);
  expect(out).toMatch(/--bucket <name> +bucket of the backups \(required, or --stack, or\n +PROVEN_BACKUPS_BUCKET\)$/m);
});
