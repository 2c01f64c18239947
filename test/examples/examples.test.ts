import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Resource } from '../support/examples';
import { ALL_EXAMPLES, loadExample, templateOf } from '../support/examples';

interface Example {
  /** Engine and schedule of each backup. */
  readonly backups: readonly string[];
  /** What cdk-nag finds in what the backups are set among, by construct. None of it is in the package's constructs. */
  readonly surroundings: Record<string, readonly string[]>;
}

const DATABASE = [
  'AwsSolutions-SMG4',
  'AwsSolutions-RDS3',
  'AwsSolutions-RDS6',
  'AwsSolutions-RDS10',
  'AwsSolutions-RDS11',
];

const REGIONAL = (service: string) => `arn:<AWS::Partition>:${service}:eu-west-1:111122223333`;

/** Roles of the team's own, which may start runs. */
const STREAMFLIX_RUN = [
  `AwsSolutions-IAM5[Resource::${REGIONAL('ec2')}:instance/*]`,
  // To see how a command ends.
  'AwsSolutions-IAM5[Resource::*]',
  `AwsSolutions-IAM5[Resource::${REGIONAL('ssm')}:parameter/proven-backups/<BackupsBucket16A198DF>/directory/*]`,
  `AwsSolutions-IAM5[Resource::${REGIONAL('ssm')}:parameter/proven-backups/<BackupsBucket16A198DF>/alarms/*]`,
];

const ALL: Record<string, Example> = {
  'quick-start': { backups: ['mysql rate(6 hours) Etc/UTC'], surroundings: { Vpc: ['AwsSolutions-VPC7'] } },
  'before-deployment': {
    backups: ['mysql rate(6 hours) Etc/UTC'],
    surroundings: { Vpc: ['AwsSolutions-VPC7'], Web: ['AwsSolutions-ECS7'] },
  },
  rds: {
    backups: [
      'mariadb cron(30 1 * * ? *) Europe/Paris',
      'postgresql cron(0 3 ? * SUN *) Etc/UTC',
      'postgresql rate(6 hours) Etc/UTC',
    ],
    surroundings: { Vpc: ['AwsSolutions-VPC7'], Orders: DATABASE, Accounts: DATABASE, Catalog: DATABASE },
  },
  'self-hosted-docker': {
    backups: ['mysql cron(0 2 * * ? *) Etc/UTC'],
    surroundings: { BackupUser: ['AwsSolutions-SMG4'] },
  },
  'postgresql-extensions': {
    backups: ['postgresql rate(6 hours) Etc/UTC'],
    surroundings: { Vpc: ['AwsSolutions-VPC7'] },
  },
  'sqlite-efs': { backups: ['sqlite rate(1 hour) Etc/UTC'], surroundings: { Vpc: ['AwsSolutions-VPC7'] } },
  'volume-snapshots': { backups: [], surroundings: {} },
  'bring-your-own': {
    backups: ['postgresql cron(15 2 ? * MON-FRI *) Etc/UTC'],
    // Roles of the user's own, with what the backup is granted.
    surroundings: {
      'backup-task': ['AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::company-backups/accounts/*]'],
      'backup-execution': [
        'AwsSolutions-IAM5[Resource::*]',
        `AwsSolutions-IAM5[Resource::${REGIONAL('logs')}:log-group:/company/backups:*]`,
      ],
      'backup-scheduler': [
        `AwsSolutions-IAM5[Resource::${REGIONAL('ecs')}:task-definition/BringYourOwn-accounts:*]`,
        `AwsSolutions-IAM5[Resource::${REGIONAL('ecs')}:task/tools/*]`,
      ],
    },
  },
  'documents/epicbook': { backups: ['mysql cron(0 2 * * ? *) Etc/UTC'], surroundings: {} },
  'documents/streamflix': {
    backups: ['mysql cron(0 3 ? * SUN *) Etc/UTC'],
    surroundings: {
      'streamflix-developer': [
        ...STREAMFLIX_RUN,
        'AwsSolutions-IAM5[Resource::<BackupsBucket16A198DF.Arn>/streamflix/*/*]',
      ],
      'streamflix-pipeline': STREAMFLIX_RUN,
    },
  },
  'documents/candle': {
    backups: [
      'files cron(0 3 ? * SUN *) Etc/UTC',
      'files cron(0 3 ? * SUN *) Etc/UTC',
      'files cron(0 4 * * ? *) Etc/UTC',
      'mongodb cron(0 2 * * ? *) Etc/UTC',
    ],
    surroundings: { Vpc: ['AwsSolutions-VPC7'] },
  },
  'managed-backup': { backups: [], surroundings: { Vpc: ['AwsSolutions-VPC7'] } },
  'documents/spotify-uploader': { backups: ['mongodb cron(0 0 * * ? *) Etc/UTC'], surroundings: {} },
  'documents/afirgen': {
    backups: ['mysql cron(0 0,6,12,18 * * ? *) Etc/UTC', 'sqlite cron(0 0,6,12,18 * * ? *) Etc/UTC'],
    surroundings: { Vpc: ['AwsSolutions-VPC7'] },
  },
};

test('every example is tested, here or with the backups file', () => {
  expect([...Object.keys(ALL), 'yaml'].sort()).toEqual(ALL_EXAMPLES);
});

test.each(Object.entries(ALL))('%s: makes its backups, and cdk-nag finds nothing in them', (name, example) => {
  const app = loadExample(name);
  const stack = app.node.children.find(({ node }) => node.id !== 'Tree')!;
  for (const [construct, findings] of Object.entries(example.surroundings)) {
    const reason = 'The example is about backups: it leaves out what does not concern them.';
    for (const id of findings) Validations.of(stack.node.findChild(construct)).acknowledge({ id, reason });
  }
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

  // Throws what cdk-nag finds.
  const resources = templateOf(app).Resources;

  expect(backupsOf(resources)).toEqual(example.backups);
  const told = Object.values(resources).filter(({ Type }) => Type === 'AWS::SNS::Subscription');
  // Policies of Data Lifecycle Manager on their own have no alarms.
  expect(told.map(({ Properties }) => Properties.Protocol)).toEqual(name === 'volume-snapshots' ? [] : ['email']);
});

/** Engine and schedule of each backup, by way of the schedule's target: the task, or the document, that it runs. */
function backupsOf(resources: Record<string, Resource>): string[] {
  return Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::Scheduler::Schedule')
    .flatMap(({ Properties: { ScheduleExpression, ScheduleExpressionTimezone, Target } }) => {
      const run = Target.EcsParameters?.TaskDefinitionArn.Ref ?? documentIn(Target.Input);
      if (run === undefined) return [];
      const job = JSON.stringify(resources[run]!.Properties);
      // The maintenance of a repository makes no backup.
      if (/action\\*":\\*"maintain/.test(job)) return [];
      const engine = /engine\\*":\\*"(\w+)/.exec(job)![1];
      return `${engine} ${ScheduleExpression} ${ScheduleExpressionTimezone}`;
    })
    .sort();
}

/** Id of the document that a target sends. */
const documentIn = (input: unknown): string | undefined =>
  /"Ref":"(\w*Document\w*)"/.exec(JSON.stringify(input ?? ''))?.[1];
