import { Fn, Stack, Token } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as targets from 'aws-cdk-lib/aws-scheduler-targets';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import {
  COMMAND_PARAMETERS,
  HANDED_DIRECTORY,
  RESTORE_PARAMETERS,
  restoreDocument,
} from '../../../catalog/contract/instance';
import type { InstanceTarget } from '../../../catalog/contract/instance';
import type { JobDocument, SecretFile } from '../../../catalog/contract/task';
import { TRIGGERS } from '../../../catalog/contract/task';
import type { BoundDatabase } from '../../database/private/bound-database';
import { acknowledgeWildcards } from '../../private/acknowledge';
import { fault } from '../../private/fault';
import { InlineRole } from '../../private/inline-role';
import type { BoundInstanceRunner } from './bound-runner';
import type { DatabaseBackupProps } from '../database-backup-props';
import { HostPolicy } from './host-policy';
import type { ScriptParts } from './instance-script';
import { scriptLines } from './instance-script';
import type { TimedProps } from './schedule';
import { scheduleOf, targetOptions } from './schedule';

/** The agent ends a script after 48 hours: a run ends before that by itself. */
const LONGEST_SECONDS = 47 * 3600;
/** What the script needs besides its run. */
const SPARE_SECONDS = 900;

/** What runs on an instance cannot have. */
export function requireInstanceRun(scope: Construct, props: DatabaseBackupProps, database: BoundDatabase): void {
  const { cpu, memoryLimitMiB, ephemeralStorageGiB, spot, platformVersion, securityGroups } = props;
  const { restore, taskRole, executionRole } = props;
  // The maintenance of a repository is a task wherever the files are.
  const size = database.repository ? {} : { cpu, memoryLimitMiB, ephemeralStorageGiB };
  const fargate = { ...size, spot, platformVersion, securityGroups };
  const ofRestore = {
    ...{ 'restore.cpu': restore?.cpu, 'restore.memoryLimitMiB': restore?.memoryLimitMiB },
    'restore.ephemeralStorageGiB': restore?.ephemeralStorageGiB,
    ...{ 'restore.securityGroups': restore?.securityGroups, 'restore.identity': restore?.identity },
  };
  const given = Object.entries({ ...fargate, ...ofRestore, taskRole, executionRole }).find(
    ([, value]) => value !== undefined,
  );
  if (given) {
    fault(
      scope,
      `${given[0]} must be left out with runsOn: BackupRunner.instances(…), got: both: it is for tasks of Fargate; docs/instances.md says what an instance has in its place`,
    );
  }
  if (database.volume) {
    fault(
      scope,
      'runsOn must be BackupRunner.fargate() for a file system of EFS, got: an instance: leave runsOn out, or give the path on the instance in place of fileSystem and accessPoint',
    );
  }
  if (database.allowTo || database.securityGroups) {
    fault(
      scope,
      'runsOn must be BackupRunner.fargate() for a database with security groups, got: an instance: leave runsOn out',
    );
  }
}

/** What only runs on an instance can have. */
export function requireTaskRun(scope: Construct, { mount }: BoundDatabase): void {
  if (!mount) return;
  fault(
    scope,
    'runsOn must be BackupRunner.instances({ … }) for a path on an instance or a volume of Docker, got: Fargate: say which instance it is, or give fileSystem and accessPoint of EFS',
  );
}

/** What a run on an instance is made of. */
export interface InstanceRunProps {
  readonly runner: BoundInstanceRunner;
  /** Also the name of the document: events name it. */
  readonly family: string;
  readonly source: string;
  readonly database: BoundDatabase;
  readonly image: ecs.ContainerImage;
  readonly job: JobDocument;
  readonly taskRole: iam.IRole;
  readonly executionRole: iam.IRole;
  readonly logGroup: logs.ILogGroup;
  readonly restore?: InstanceRestore;
}

/** What is different in a run that restores. */
export interface InstanceRestore extends Pick<InstanceRunProps, 'job' | 'taskRole'> {
  readonly secrets: BoundDatabase['secrets'];
}

/** What Systems Manager needs for runs: the documents, and what the role of the instance is allowed. */
export function instanceRun(scope: Construct, props: InstanceRunProps) {
  const { family, restore, database, runner, taskRole, executionRole } = props;
  const { trigger, scheduledTime, scheduleArn } = COMMAND_PARAMETERS;
  const optional = { type: 'String', default: '' };
  // An asset of a scope is bound once.
  const named = imageName(scope, props);
  const document = instanceDocument(
    scope,
    'Document',
    family,
    { ...props, ...named },
    {
      // They become a part of the script.
      [trigger]: { type: 'String', default: 'on-demand', allowedValues: [...TRIGGERS] },
      [scheduledTime]: { ...optional, allowedPattern: '^[0-9TZ:.-]*$' },
      [scheduleArn]: { ...optional, allowedPattern: '^[\\w:/.-]*$' },
    },
  );
  const restoring =
    restore &&
    instanceDocument(
      scope,
      'RestoreDocument',
      restoreDocument(family),
      { ...props, ...restore, ...named, database: { ...database, secrets: restore.secrets } },
      {
        [RESTORE_PARAMETERS.run]: { type: 'String', allowedPattern: '^[0-9a-f-]{36}$' },
        [RESTORE_PARAMETERS.request]: { type: 'String', allowedPattern: '^[A-Za-z0-9+/=]+$' },
        [RESTORE_PARAMETERS.notAfter]: { type: 'String', allowedPattern: '^[0-9]{10}$' },
      },
    );
  const policy = HostPolicy.of(scope, runner.role);
  policy.admit({ ...props, roles: [taskRole, executionRole, ...(restore ? [restore.taskRole] : [])] });
  return { document, restoring, policy };
}

function instanceDocument(
  scope: Construct,
  id: string,
  name: string,
  props: Omit<InstanceRunProps, 'image'> & Pick<ScriptParts, 'image' | 'pull'>,
  parameters: object,
): ssm.CfnDocument {
  const { runner, source, database, job, taskRole, executionRole, logGroup, image, pull } = props;
  const { action } = job as { readonly action: 'dump' | 'restore' };
  requireDocumentName(scope, name);
  if (job.timeoutSeconds > LONGEST_SECONDS) {
    fault(
      scope,
      `${action === 'restore' ? 'restore.timeout' : 'timeout'} must be at most ${LONGEST_SECONDS} seconds on an instance, got: ${job.timeoutSeconds} seconds: Systems Manager ends what takes longer; shorten it`,
    );
  }
  const stack = Stack.of(scope);
  const secrets = Object.entries(database.secrets ?? {});
  for (const [, secret] of secrets) secret.grantRead(executionRole);
  const handed: SecretFile = {
    file: `${HANDED_DIRECTORY}/secret`,
    keys: Object.fromEntries(secrets.map(([name, { field }]) => [name, field!])),
  };
  const lines = scriptLines({
    ...{ action, source, region: stack.region, image, pull, logGroup: logGroup.logGroupName },
    ...{ taskRole: taskRole.roleArn, executionRole: executionRole.roleArn },
    job: Fn.base64(stack.toJsonString(job)),
    ...(secrets[0] && { secret: secrets[0][1].secret.secretArn, secretFile: Fn.base64(JSON.stringify(handed)) }),
    mount: database.mount,
    // As root in the network of the host it would reach all that listens on loopback addresses.
    ...{
      network: runner.network ?? (database.mount ? 'bridge' : 'host'),
      cpus: runner.cpus,
      memoryLimitMiB: runner.memoryLimitMiB,
    },
  });
  return new ssm.CfnDocument(scope, id, {
    name,
    documentType: 'Command',
    documentFormat: 'JSON',
    targetType: '/AWS::EC2::Instance',
    updateMethod: 'NewVersion',
    content: {
      schemaVersion: '2.2',
      description: `${action === 'dump' ? 'Backs up' : 'Restores'} ${source}`,
      parameters,
      mainSteps: [
        {
          action: 'aws:runShellScript',
          name: action === 'dump' ? 'backup' : action,
          inputs: { timeoutSeconds: `${job.timeoutSeconds + SPARE_SECONDS}`, runCommand: lines },
        },
      ],
    },
  });
}

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html */
function requireDocumentName(scope: Construct, name: string): void {
  if (Token.isUnresolved(name) || (!/^(aws|amazon|amzn)/i.test(name) && name.length <= 128)) return;
  fault(
    scope,
    `the name of the document of a run on an instance must not begin with aws, amazon or amzn, and have at most 128 characters, got: ${name}: it begins with the name of the stack; give that another one`,
  );
}

function imageName(scope: Construct, { image, executionRole }: InstanceRunProps): Pick<ScriptParts, 'image' | 'pull'> {
  // An image asks its container only for the role that pulls it.
  const container = {
    taskDefinition: { obtainExecutionRole: () => executionRole },
  } as unknown as ecs.ContainerDefinition;
  const { imageName: name, repositoryCredentials } = image.bind(scope, container);
  // What is built with the stack has a name of its own in each state.
  const isFixed = image instanceof ecs.AssetImage || name.includes('@');
  if (!repositoryCredentials) return { image: name, pull: isFixed ? 'missing' : 'always' };
  fault(scope, 'image must need no credentials of a registry, got: some: push it to ECR');
}

/** Lets somebody run the document on the instance. */
export function grantSend(
  scope: Construct,
  grantee: iam.IGrantable,
  documents: string,
  { instanceId, tags }: InstanceTarget,
): iam.Grant {
  const stack = Stack.of(scope);
  const instances = stack.formatArn({ service: 'ec2', resource: 'instance', resourceName: instanceId ?? '*' });
  const document = stack.formatArn({ service: 'ssm', resource: 'document', resourceName: documents });
  const conditions = tags && {
    StringEquals: Object.fromEntries(Object.entries(tags).map(([key, value]) => [`ssm:resourceTag/${key}`, value])),
  };
  const grant = iam.Grant.addToPrincipal({ grantee, actions: ['ssm:SendCommand'], resourceArns: [document] });
  grantee.grantPrincipal.addToPrincipalPolicy(
    new iam.PolicyStatement({ actions: ['ssm:SendCommand'], resources: [instances], conditions }),
  );
  const wildcards = [instances, document].filter((arn) => arn.endsWith('*'));
  if (grantee instanceof InlineRole)
    acknowledgeWildcards(grantee, 'The documents of these backups, and the instances with their tags.', wildcards);
  return grant;
}

/** Denies to run documents, whoever allows it. */
export function denySend(scope: Construct, grantee: iam.IRole, documents: string): void {
  const resources = [Stack.of(scope).formatArn({ service: 'ssm', resource: 'document', resourceName: documents })];
  grantee.addToPrincipalPolicy(
    new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: ['ssm:SendCommand'], resources }),
  );
  acknowledgeWildcards(grantee, 'A denial, which covers the documents of all restores.', resources);
}

/** Creates the schedule of an instance's runs. EventBridge Scheduler knows time zones and dead letters, which State Manager does not. */
export function instanceSchedule(
  scope: Construct,
  props: TimedProps,
  { ref }: ssm.CfnDocument,
  { instanceId, tags = {} }: InstanceTarget,
): scheduler.Schedule {
  const byTags = Object.entries(tags).map(([key, value]) => ({ Key: `tag:${key}`, Values: [value] }));
  const input = {
    DocumentName: ref,
    DocumentVersion: '$LATEST',
    ...(instanceId === undefined ? { Targets: byTags } : { InstanceIds: [instanceId] }),
    // Of several instances the first makes the backup, and the others find that it is there.
    MaxConcurrency: '1',
    TimeoutSeconds: 600,
    Parameters: {
      [COMMAND_PARAMETERS.trigger]: ['schedule'],
      [COMMAND_PARAMETERS.scheduledTime]: [scheduler.ContextAttribute.scheduledTime],
      [COMMAND_PARAMETERS.scheduleArn]: [scheduler.ContextAttribute.scheduleArn],
    },
  };
  const target = new targets.Universal({
    service: 'ssm',
    action: 'sendCommand',
    input: scheduler.ScheduleTargetInput.fromObject(input),
    ...targetOptions(scope, props),
  });
  return scheduleOf(scope, props, target);
}
