import type { AdviceTable } from './advice-table';
import type { Facts } from './steps';
import { arg, definition, runNow, stoppedTask } from './steps';
import { page } from './links';

const endpoints = ({ aws, place }: Facts, service: string, say: string) => ({
  say,
  run: aws(
    'ec2 describe-vpc-endpoints',
    `--filters Name=service-name,Values=${place.partition === 'aws-cn' ? 'cn.' : ''}com.amazonaws.${place.region}.${service}`,
  ),
});

const ways = { say: 'The three ways out of a VPC, with their price:', run: page('networking.md') };

/** A run could not be started. */
export const NEVER_STARTED_ADVICE: AdviceTable<'never-started'> = {
  image: (facts) => ({
    title: 'the image could not be pulled',
    likelyCause:
      'The image is not there, or the task has no route to ECR: a NAT gateway, endpoints, or a public address. If it worked until now: an image that was deleted, for example by a lifecycle policy, or a route that was changed.',
    steps: [
      definition(facts, 'See which image it is:', 'image'),
      {
        say: 'See whether it is there (repository and tag from the first command):',
        run: facts.aws('ecr describe-images', '--repository-name "$REPOSITORY"', '--image-ids imageTag="$TAG"'),
      },
      { say: 'If it is gone: deploy again, which builds and pushes it.' },
      endpoints(
        facts,
        'ecr.dkr',
        'If it is there, look for a route. Without NAT or a public address, an endpoint must exist:',
      ),
      ways,
      runNow(facts, 'When it is repaired, make a backup:'),
    ],
  }),
  secret: (facts) => ({
    title: 'the secret could not be read',
    likelyCause:
      'The secret is gone, has another JSON key than the task definition names, its KMS key does not admit the execution role, or there is no route to Secrets Manager.',
    steps: [
      definition(facts, 'See which secret and which keys of its JSON the task reads:', 'secrets'),
      {
        say: 'See whether it exists, and its key ($SECRET: its valueFrom, without the end :username:: or :password::):',
        run: facts.aws('secretsmanager describe-secret', '--secret-id "$SECRET"'),
      },
      endpoints(
        facts,
        'secretsmanager',
        'If all that fits, look for a route. Without NAT or a public address, an endpoint must exist:',
      ),
      ways,
      runNow(facts, 'When it is repaired, make a backup:'),
    ],
  }),
  network: (facts) => ({
    title: 'the task got no network',
    likelyCause: 'A subnet or a security group of the schedule is gone, or a subnet has no address left.',
    steps: [
      {
        say: 'See which subnet it got, for $SUBNET. ECS forgets a stopped task after an hour:',
        run: facts.aws(
          'ecs describe-tasks',
          `--cluster ${facts.problem.task ? arg(facts.problem.task.clusterArn) : '"$CLUSTER"'}`,
          `--tasks ${facts.problem.task ? arg(facts.problem.task.arn) : '"$TASK"'}`,
          '--query "tasks[].attachments[].details[]"',
        ),
      },
      {
        say: 'See whether it exists and has addresses left:',
        run: facts.aws(
          'ec2 describe-subnets',
          '--subnet-ids "$SUBNET"',
          '--query "Subnets[].[SubnetId,AvailableIpAddressCount]"',
        ),
      },
      { say: 'If something is gone: deploy again.' },
      ways,
      runNow(facts, 'When it is repaired, make a backup:'),
    ],
  }),
  capacity: (facts) => ({
    title: 'ECS had no capacity',
    likelyCause:
      'Fargate had no room for the task in these Availability Zones at that moment, or a quota of the account is used up. It mostly passes within minutes.',
    steps: [
      runNow(facts, 'Try again:'),
      { say: 'If it happens often: give the backup subnets in more Availability Zones; with spot, leave it out.' },
    ],
  }),
  logging: (facts) => ({
    title: 'the log could not be opened',
    likelyCause:
      'The log group is gone, or the task has no route to CloudWatch Logs, or its execution role may not write.',
    steps: [
      definition(facts, 'See which log group the task writes to:', 'logConfiguration.options'),
      {
        say: 'See whether it is there:',
        run: facts.aws('logs describe-log-groups', '--log-group-name-prefix "$LOG_GROUP"'),
      },
      { say: 'If it is gone: deploy again.' },
      endpoints(
        facts,
        'logs',
        'If it is there, look for a route. Without NAT or a public address, an endpoint must exist:',
      ),
      ways,
      runNow(facts, 'When it is repaired, make a backup:'),
    ],
  }),
  volume: (facts) => ({
    title: 'a volume could not be mounted',
    likelyCause:
      'The EFS file system or its access point is gone, its security group does not admit the task on port 2049, or the role may not mount it.',
    steps: [
      {
        say: 'See what the task mounts:',
        run: facts.aws(
          'ecs describe-task-definition',
          `--task-definition ${facts.problem.task ? arg(facts.problem.task.family) : '"$FAMILY"'}`,
          '--query taskDefinition.volumes',
        ),
      },
      {
        say: 'See whether the file system can be reached:',
        run: facts.aws('efs describe-mount-targets', '--file-system-id "$FILE_SYSTEM"'),
      },
      { say: 'EFS and security groups:', run: page('networking.md#efs') },
      runNow(facts, 'When it is repaired, make a backup:'),
    ],
  }),
  container: (facts) => ({
    title: 'the container could not be started',
    likelyCause: 'The image has no program at the place that is started, or is for another processor.',
    steps: [
      stoppedTask(facts),
      definition(facts, 'See which image and command it is:', '[image,entryPoint,command]'),
      {
        say: 'A ready image must be built for the cpuArchitecture of the backup:',
        run: page('dump-program.md#the-image'),
      },
      runNow(facts, 'When it is repaired, make a backup:'),
    ],
  }),
  scheduler: (facts) => ({
    title: 'EventBridge Scheduler could not start the task',
    likelyCause:
      'ECS refused the call, and Scheduler gave up after its retries: mostly a role, a cluster or a task definition that was changed or deleted by hand.',
    steps: [{ say: 'Deploy the stack again, which puts back what was changed.' }, runNow(facts, 'Then make a backup:')],
  }),
  'refused-by-ecs': (facts) => ({
    title: 'ECS refused to start the task',
    likelyCause: 'ECS answered the call, but started nothing: no capacity, a quota, or a cluster that is inactive.',
    steps: [
      {
        say: 'See how the cluster is:',
        run: facts.aws(
          'ecs describe-clusters',
          `--clusters ${facts.problem.task ? arg(facts.problem.task.clusterArn) : '"$CLUSTER"'}`,
        ),
      },
      runNow(facts, 'Try again:'),
    ],
  }),
  'start-failed': (facts) => ({
    title: 'the task could not be started',
    likelyCause: 'ECS gives the reason in the sentence above. It is none of the usual ones.',
    steps: [
      stoppedTask(facts),
      { say: 'What is known of tasks without a log:', run: page('troubleshooting.md#nothing-happened-no-log-at-all') },
      runNow(facts, 'Try again:'),
    ],
  }),
};
