import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ListTopicsCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Emulator } from '../emulator/emulator';
import { arnOf } from '../emulator/iam/deployed';

const Bucket = 'shelf';
const PERSON = 'reader';
const allow = (Action: string, Resource: string) => ({ Effect: 'Allow', Action, Resource });

let emulator: Emulator;
let s3: S3Client;
const settings = () => ({ ...emulator.clientOf(PERSON), forcePathStyle: true, maxAttempts: 1 });
const refused = () => emulator.guard.denials.splice(0).map(({ access }) => access.action);

beforeAll(async () => {
  emulator = await Emulator.start();
  const admin = new S3Client({ ...emulator.client, forcePathStyle: true });
  await admin.send(new CreateBucketCommand({ Bucket }));
  for (const Key of ['mine/1', 'mine/2 & <3>', 'yours'])
    await admin.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  emulator.guard.addPerson(PERSON, {
    Statement: [allow('s3:DeleteObject', 'arn:aws:s3:::shelf/mine/*'), allow('s3:GetObject', 'arn:aws:s3:::shelf/*')],
  });
  s3 = new S3Client(settings());
});
afterAll(() => emulator?.stop());

test('a batch of deletes is answered for each key', async () => {
  const Objects = ['mine/1', 'yours', 'mine/2 & <3>'].map((Key) => ({ Key }));
  const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  expect(Deleted!.map(({ Key }) => Key)).toEqual(['mine/1', 'mine/2 & <3>']);
  expect(Errors).toEqual([expect.objectContaining({ Key: 'yours', Code: 'AccessDenied' })]);
  expect(refused()).toEqual(['s3:DeleteObject']);
});

test('who may not list does not learn that an object is not there', async () => {
  await s3.send(new GetObjectCommand({ Bucket, Key: 'yours' }));
  await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 403 },
  });
  expect(refused()).toEqual(['s3:ListBucket', 's3:ListBucket']);
});

test.each([
  [
    'S3',
    () => s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: Buffer.alloc(3e6) })),
    'AccessDenied',
    's3:PutObject',
  ],
  [
    'SQS',
    () =>
      new SQSClient(settings()).send(
        new SendMessageCommand({ QueueUrl: `${emulator.endpoint}/0/q`, MessageBody: 'x' }),
      ),
    'AccessDeniedException',
    'sqs:SendMessage',
  ],
  [
    'SNS',
    () => new SNSClient(settings()).send(new PublishCommand({ TopicArn: arnOf('sns', 't'), Message: 'x' })),
    'AccessDenied',
    'sns:Publish',
  ],
  [
    'CloudWatch',
    () =>
      new CloudWatchClient(settings()).send(
        new PutMetricDataCommand({ Namespace: 'x', MetricData: [{ MetricName: 'x', Value: 1 }] }),
      ),
    'AccessDeniedException',
    'cloudwatch:PutMetricData',
  ],
  [
    'an operation that is not known',
    () => new EC2Client(settings()).send(new DescribeVolumesCommand({})),
    'UnauthorizedOperation',
    'unknown request: ec2 DescribeVolumes: add it to',
  ],
  [
    'another',
    () => new SNSClient(settings()).send(new ListTopicsCommand({})),
    'AccessDenied',
    'unknown request: sns ListTopics: add it to',
  ],
])('a refusal by %s is an error of its own kind', async (_, send: () => Promise<unknown>, name, action) => {
  await expect(send()).rejects.toMatchObject({ name });
  expect(refused()).toEqual([expect.stringContaining(action)]);
});

test('nobody is refused, too', async () => {
  expect((await fetch(`${emulator.endpoint}/${Bucket}/yours`)).status).toBe(403);
  expect(refused()).toEqual(['s3:GetObject']);
});

test('a refusal that no test takes note of fails the suite', async () => {
  const other = await Emulator.start();
  await expect(
    new SNSClient({ ...other.clientOf('x'), maxAttempts: 1 }).send(new ListTopicsCommand({})),
  ).rejects.toThrow();
  await expect(other.stop()).rejects.toThrow(
    /^refused by the deployed policies:\nx is not authorized to perform: unknown/,
  );
});
