/** What the documentation of AWS leaves open, and only an account can answer. */
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeSnapshotsCommand } from '@aws-sdk/client-ec2';
import { DescribeTaskDefinitionCommand, RunTaskCommand, type Task } from '@aws-sdk/client-ecs';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  PutObjectCommand,
  S3ServiceException,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { backupId, objectKey } from '../../catalog/bucket/names';
import { logStreamOf } from '../../catalog/contract/run-log';
import { CONTAINER_NAME } from '../../catalog/contract/task';
import { idOf } from '../../catalog/run-end';
import type { Account } from './account';
import type { Check } from './check';
import { HARNESS, judged, notAnswered } from './check';
import { PROBE, SOURCES } from './names';

const IAM = "the emulated IAM is not Amazon's";
const CONTAINERS = 'the harness runs containers as processes';
const EMULATED_S3 = "the emulated S3 is not Amazon's";
const CONDITIONAL = { IfNoneMatch: '*' } as const;

/** The log of a run of the good source. */
const logOf = (account: Account, run: Task | undefined): Promise<string> =>
  account.log(logStreamOf(SOURCES.good, idOf(run!.taskArn!)));

/** A key of a backup that nobody made. */
const probeKey = (account: Account, file: string) => ({
  Bucket: account.output('Bucket'),
  Key: objectKey(PROBE, backupId(new Date('2020-01-01')), file),
});

/** The code with which S3 refuses; `allowed` if it does not. */
async function refusal(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return 'allowed';
  } catch (error) {
    if (error instanceof S3ServiceException) return error.name;
    throw error;
  }
}

/** A complete upload in one part. */
async function upload(s3: S3Client, where: { Bucket: string; Key: string }, condition: { IfNoneMatch?: string }) {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(where));
  const { ETag } = await s3.send(new UploadPartCommand({ ...where, UploadId, PartNumber: 1, Body: 'probe' }));
  const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
  return s3.send(new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload, ...condition }));
}

export const PLATFORM_CHECKS: readonly Check[] = [
  {
    id: 'log-group-key',
    question: "Does a task start and log into a log group that is encrypted with the bucket's key?",
    undecidedBy: IAM,
    async answer(account) {
      const logGroupNamePrefix = account.output('LogGroup');
      const { logGroups } = await account.aws.logs().send(new DescribeLogGroupsCommand({ logGroupNamePrefix }));
      const lines = (await logOf(account, account.lastRun)).split('\n').length;
      const { kmsKeyId } = logGroups!.find(({ logGroupName }) => logGroupName === logGroupNamePrefix)!;
      return judged(kmsKeyId !== undefined && lines > 1, `key ${kmsKeyId}, ${lines} lines of the log`);
    },
  },
  {
    id: 'scheduled-time',
    question: 'Context attributes such as <aws.scheduler.scheduled-time> in templated ECS Input: are they substituted?',
    undecidedBy: HARNESS,
    async answer(account) {
      const { scheduledTime, backupId: id } = (await account.backups()).find(({ trigger }) => trigger === 'schedule')!;
      const same = scheduledTime !== undefined && backupId(new Date(scheduledTime)) === id;
      return judged(same, `backup ${id}, scheduled time ${scheduledTime}`);
    },
  },
  {
    id: 'first-run',
    question: 'Does the first run of a rate(), which fires as soon as its schedule exists, find its new role usable?',
    undecidedBy: `${IAM}, and ${HARNESS}`,
    async answer(account) {
      const made = (await account.backups()).filter(({ trigger }) => trigger === 'schedule');
      const missed = account.told.filter(({ problems = [] }) => problems.some(({ source }) => source === SOURCES.good));
      const seen = [`${made.length} backup by the schedule`, ...missed.map(({ subject }) => subject)].join('; ');
      return judged(made.length > 0, seen);
    },
  },
  {
    id: 'secret-json-key',
    question: 'Does ECS resolve a secret by a partial ARN with a JSON key?',
    undecidedBy: 'the harness resolves secrets in the place of ECS',
    async answer(account) {
      const { containers, taskDefinitionArn: taskDefinition } = account.lastRun!;
      const command = new DescribeTaskDefinitionCommand({ taskDefinition });
      const { taskDefinition: used } = await account.aws.ecs().send(command);
      const [secret] = used!.containerDefinitions![0]!.secrets!;
      const partial = !/:secret:[^:]*-\w{6}:/.test(secret!.valueFrom!);
      return judged(partial && containers![0]!.exitCode === 0, secret!.valueFrom!.split(':secret:')[1]!);
    },
  },
  {
    id: 'scratch',
    question: 'Does the volume at /scratch belong to user 10001, and is the root file system read-only?',
    undecidedBy: CONTAINERS,
    async answer(account) {
      const command = [
        'sh',
        '-c',
        "id -u; stat -c %u:%g /scratch; touch /scratch/probe && grep ' / ' /proc/mounts; true",
      ];
      const probe = await account.run({ containerOverrides: [{ name: CONTAINER_NAME, command }] });
      const seen = await logOf(account, probe);
      return judged(/^10001\n10001:10001\n.* \/ \S+ ro,/.test(seen), seen.replaceAll('\n', ' · '));
    },
  },
  {
    id: 'put-needs-if-none-match',
    question:
      'Does the Deny refuse a put and a CompleteMultipartUpload of an assumed role without If-None-Match, and let them through with it?',
    undecidedBy: IAM,
    async answer(account) {
      const s3 = await account.s3As('Writer');
      const [single, parts, bare] = ['1.zst', '2.zst', '3.zst'].map((file) => probeKey(account, file));
      const answers = [
        await refusal(s3.send(new PutObjectCommand({ ...single!, ...CONDITIONAL, Body: 'probe' }))),
        await refusal(upload(s3, parts!, CONDITIONAL)),
        await refusal(s3.send(new PutObjectCommand({ ...bare!, Body: 'probe' }))),
        await refusal(upload(s3, bare!, {})),
      ];
      return judged(answers.join() === 'allowed,allowed,AccessDenied,AccessDenied', answers.join(', '));
    },
  },
  {
    id: 'delete-by-path',
    question: 'Does the policy of the bucket admit a pruning role with a path, and nobody else?',
    undecidedBy: IAM,
    async answer(account) {
      const command = new DeleteObjectCommand(probeKey(account, '1.zst'));
      const role = await refusal((await account.s3As('Pruner')).send(command));
      const others = await refusal(account.aws.s3().send(command));
      return judged(role === 'allowed' && others === 'AccessDenied', `the role: ${role}; others: ${others}`);
    },
  },
  {
    id: 'if-none-match-over-delete-marker',
    question:
      'With versioning, If-None-Match looks at the current version: does a delete marker count as "does not exist"?',
    undecidedBy: EMULATED_S3,
    async answer(account) {
      const where = probeKey(account, '1.zst');
      const put = new PutObjectCommand({ ...where, ...CONDITIONAL, Body: 'again' });
      const s3 = await account.s3As('Writer');
      const answers = [await refusal(s3.send(put)), await refusal(s3.send(put))];
      return judged(
        answers.join() === 'allowed,PreconditionFailed',
        `over the marker: ${answers[0]}; then: ${answers[1]}`,
      );
    },
  },
  {
    id: 'denied-delete-in-cloudtrail',
    question: 'How does CloudTrail record DeleteObjects whose keys are all denied: with an errorCode at the top?',
    undecidedBy: 'the emulator has no data events of CloudTrail',
    part: 'trail',
    async answer(account) {
      const { Bucket, Key } = probeKey(account, '2.zst');
      const s3 = await account.s3As('Writer');
      const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }));
      const event = await account.until('event of CloudTrail', 20, async () => {
        const { Messages: [first] = [] } = await account.receive('TrailEvents');
        return first && (JSON.parse(first.Body!) as { detail: Record<string, unknown> }).detail;
      });
      const { errorCode, errorMessage, responseElements, additionalEventData } = event;
      const seen = JSON.stringify({
        answered: Errors[0]?.Code,
        errorCode,
        errorMessage,
        responseElements,
        additionalEventData,
      });
      return judged(errorCode !== undefined, seen);
    },
  },
  {
    id: 'run-task-failures',
    question:
      "That Scheduler (not Rules) also treats RunTask's 200 with failures as success: no retry, no dead letter?",
    undecidedBy: HARNESS,
    part: 'ec2',
    async answer(account) {
      const [cluster, taskDefinition] = [account.output('FailureCluster'), account.output('FailureTask')];
      const run = new RunTaskCommand({ cluster, taskDefinition, launchType: 'EC2' });
      const { failures = [] } = await account.aws.ecs().send(run);
      if (failures.length === 0) return notAnswered('RunTask answered without failures');
      // The schedule fires every two minutes.
      const letter = await account
        .until('dead letter', 6, async () => (await account.receive('FailureDeadLetters')).Messages?.[0])
        .catch(() => undefined);
      const code = letter?.MessageAttributes?.ERROR_CODE?.StringValue;
      const seen = letter ? `a dead letter: ${code}, body ${letter.Body}` : 'no dead letter within 6 minutes';
      return judged(letter === undefined, `${failures[0]!.reason}; ${seen}`);
    },
  },
  {
    id: 'dlm-customer-key',
    question:
      "Can Data Lifecycle Manager snapshot a volume that a customer's key encrypts, with the grants of the role?",
    undecidedBy: 'the emulator has no Data Lifecycle Manager',
    part: 'volume',
    async answer(account) {
      const request = { OwnerIds: ['self'], Filters: [{ Name: 'volume-id', Values: [account.output('Volume')] }] };
      const made = await account.until('snapshot', 150, async () => {
        const { Snapshots = [] } = await account.aws.ec2().send(new DescribeSnapshotsCommand(request));
        return Snapshots.find(({ State }) => State === 'completed' || State === 'error');
      });
      return judged(made.State === 'completed', `${made.SnapshotId} is ${made.State}, key ${made.KmsKeyId}`);
    },
  },
];
