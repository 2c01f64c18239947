import type { AdviceTable, Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg } from './context';
import { page } from './links';
import { managedExpiredAdvice } from './managed';
import { definition, endpoints, familyOf, runNow, stoppedTask } from './steps';

const ROUTE = 'If it exists, look for a route. Without NAT or a public address, an endpoint must exist:';
const WAYS = { say: 'The three ways out of a VPC, and their prices:', run: page('networking.md') };
const REDEPLOY = { say: 'If it is gone, deploy again.' };
const backUp = (context: AdviceContext): Step => runNow(context, 'Then make a backup:');
const clusterOf = ({ problem: { task } }: AdviceContext): string => (task ? arg(task.clusterArn) : '"$CLUSTER"');

const doctorOptions = ({ place }: AdviceContext): string =>
  `--bucket ${arg(place.bucket)} --region ${arg(place.region)}`;

/** A run could not be started. */
export const NEVER_STARTED_ADVICE: AdviceTable<'never-started'> = {
  'managed-expired': managedExpiredAdvice,
  image: (context) => ({
    title: 'the image could not be pulled',
    likelyCause:
      'The image is gone, for example because of a lifecycle policy, or the task has no route to ECR: a NAT gateway, endpoints, or a public address.',
    action: 'Deploy again if the image is gone; otherwise restore the route to ECR.',
    steps: [
      definition(context, 'See which image it is:', 'image'),
      {
        say: 'See whether it exists ($REPOSITORY and $TAG from the output above):',
        run: context.aws('ecr describe-images', '--repository-name "$REPOSITORY"', '--image-ids imageTag="$TAG"'),
      },
      { say: 'If it is gone, deploy again, which builds and pushes it.' },
      endpoints(context, 'ecr.dkr', ROUTE),
      WAYS,
      backUp(context),
    ],
  }),
  secret: (context) => ({
    title: 'the secret could not be read',
    likelyCause:
      'The secret is gone, its JSON has other keys than the task definition names, its KMS key does not admit the execution role, or there is no route to Secrets Manager.',
    action: 'Restore the secret, its keys, or the route to Secrets Manager; or let the role use its KMS key.',
    steps: [
      definition(context, 'See which secret, and which keys of its JSON, the task reads:', 'secrets'),
      {
        say: 'See whether it exists, and its KMS key ($SECRET: its valueFrom, without :username:: or :password:: at the end):',
        run: context.aws('secretsmanager describe-secret', '--secret-id "$SECRET"'),
      },
      endpoints(context, 'secretsmanager', ROUTE),
      WAYS,
      {
        say: 'If the secret has a KmsKeyId, the execution role needs that key. In your code, give it as encryptionKey of Secret.fromSecretAttributes; in backups.yaml, beside secretId. Then deploy:',
        run: page('privileges.md#the-secret'),
      },
      backUp(context),
    ],
  }),
  network: (context) => ({
    title: 'the task got no network',
    likelyCause: 'A subnet or a security group of the schedule is gone, or the subnet has no free address.',
    action: 'Free addresses in the subnet, or deploy again if something is gone.',
    steps: [
      {
        say: 'See which subnet the task got, for $SUBNET. ECS forgets stopped tasks after an hour:',
        run: context.aws(
          'ecs describe-tasks',
          `--cluster ${clusterOf(context)}`,
          `--tasks ${context.problem.task ? arg(context.problem.task.arn) : '"$TASK"'}`,
          '--query "tasks[].attachments[].details[]"',
        ),
      },
      {
        say: 'See whether the subnet exists and has free addresses:',
        run: context.aws(
          'ec2 describe-subnets',
          '--subnet-ids "$SUBNET"',
          '--query "Subnets[].[SubnetId,AvailableIpAddressCount]"',
        ),
      },
      { say: 'If something is gone, deploy again.' },
      WAYS,
      backUp(context),
    ],
  }),
  capacity: (context) => ({
    title: 'AWS had no capacity for the task',
    likelyCause:
      'Fargate had no room for the task in these Availability Zones, or a quota of the account is used up. Most often that passes within minutes.',
    action: 'Try again.',
    steps: [
      runNow(context, 'Try again:'),
      { say: 'If it happens often, give the backup subnets in more Availability Zones, and leave out spot.' },
    ],
  }),
  logging: (context) => ({
    title: 'the log could not be opened',
    likelyCause:
      'The log group is gone, the execution role may not write to it, or the task has no route to CloudWatch Logs.',
    action: 'Deploy again if the log group is gone; otherwise restore the route to CloudWatch Logs.',
    steps: [
      definition(context, 'See which log group the task writes to:', 'logConfiguration.options'),
      {
        say: 'See whether it exists:',
        run: context.aws('logs describe-log-groups', '--log-group-name-prefix "$LOG_GROUP"'),
      },
      REDEPLOY,
      endpoints(context, 'logs', ROUTE),
      WAYS,
      backUp(context),
    ],
  }),
  volume: (context) => ({
    title: 'the file system could not be mounted',
    likelyCause:
      'The EFS file system or its access point is gone, its security group does not admit the task on port 2049, or the role may not mount it.',
    action: 'Let the security group of the file system admit the task, or restore the access point.',
    steps: [
      {
        say: 'See what the task mounts:',
        run: context.aws(
          'ecs describe-task-definition',
          `--task-definition ${familyOf(context.problem)}`,
          '--query taskDefinition.volumes',
        ),
      },
      {
        say: 'See whether the file system has a mount target ($FILE_SYSTEM from the output above):',
        run: context.aws('efs describe-mount-targets', '--file-system-id "$FILE_SYSTEM"'),
      },
      { say: 'EFS and its security groups:', run: page('networking.md#efs') },
      backUp(context),
    ],
  }),
  container: (context) => ({
    title: 'the container could not be started',
    likelyCause: 'The image is for another processor, or has no program where the command expects it.',
    action: 'See which image and command the task uses.',
    steps: [
      stoppedTask(context),
      definition(context, 'See which image and command the task uses:', '[image,entryPoint,command]'),
      {
        say: 'An image of your own must be built for the cpuArchitecture of the backup:',
        run: page('dump-program.md#the-image'),
      },
      backUp(context),
    ],
  }),
  scheduler: (context) => ({
    title: 'EventBridge Scheduler could not start the task',
    likelyCause: 'A role, a cluster or a task definition was changed or deleted by hand.',
    action: 'Deploy the stack again.',
    steps: [{ say: 'Deploy the stack again, which restores what was changed.' }, backUp(context)],
  }),
  'refused-by-ecs': (context) => ({
    title: 'ECS refused to start the task',
    likelyCause: 'ECS had no capacity, a quota is used up, or the cluster is inactive.',
    action: 'Try again.',
    steps: [
      runNow(context, 'Try again:'),
      {
        say: 'See the status of the cluster:',
        run: context.aws('ecs describe-clusters', `--clusters ${clusterOf(context)}`),
      },
    ],
  }),
  'instance-not-reached': (context) => ({
    title: 'Systems Manager did not reach the instance',
    likelyCause:
      'The instance is stopped or gone, another one has its tags, its SSM Agent does not run, its role lacks AmazonSSMManagedInstanceCore, or it has no way out to Systems Manager.',
    action: 'Start the instance or its SSM Agent, or give its role AmazonSSMManagedInstanceCore.',
    steps: [
      { say: 'See what is wrong with it:', run: `npx proven-backups doctor ${doctorOptions(context)}` },
      {
        say: 'See which instances Systems Manager reaches:',
        run: context.aws(
          'ssm describe-instance-information',
          '--query "InstanceInformationList[].[InstanceId,PingStatus,LastPingDateTime]"',
          '--output text',
        ),
      },
      { say: 'What an instance needs:', run: page('instances.md#what-the-instance-needs') },
      backUp(context),
    ],
  }),
  'instance-not-ready': (context) => ({
    title: 'the instance could not start the run',
    likelyCause:
      'Docker or the AWS CLI is missing or does not answer, the role of the instance was replaced, or the instance does not reach ECR, Secrets Manager or CloudWatch Logs.',
    action: 'Repair what the sentence above names.',
    steps: [
      stoppedTask(context),
      { say: 'What each exit code means:', run: page('instances.md#exit-codes') },
      { say: 'See what is wrong with the instance:', run: `npx proven-backups doctor ${doctorOptions(context)}` },
      backUp(context),
    ],
  }),
  'start-failed': (context) => ({
    title: 'the task could not be started',
    likelyCause: 'ECS gives a reason that is none of the usual ones.',
    action: 'Read the reason that ECS gives, and try again.',
    steps: [
      stoppedTask(context),
      { say: 'More about tasks without a log:', run: page('troubleshooting.md#nothing-happened-no-log-at-all') },
      runNow(context, 'Try again:'),
    ],
  }),
};
