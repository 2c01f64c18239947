import { Stack } from 'aws-cdk-lib';
import type * as backup from 'aws-cdk-lib/aws-backup';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { IConstruct } from 'constructs';
import { METRICS } from '../../../catalog/contract/task';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { acknowledge, acknowledgeWildcards } from '../../private/acknowledge';
import { grantDirectory } from '../../backup/private/grant-directory';
import { USE_KEY } from './alarm-topic';
import { grantCatalog } from '../../bucket/private/grant-catalog';
import type { InlineRole } from '../../private/inline-role';
import { logDecryption, logKeyOf } from '../../private/log-key';

/** Resources that the functions of the alarms use. */
export interface AlarmParts {
  readonly bucket: IBackupBucket;
  readonly topic: sns.ITopic;
  readonly key: kms.IKey;
  readonly memory: dynamodb.ITable;
  readonly events: sqs.IQueue;
  /** Name of the parameter with the settings. */
  readonly parameterName: string;
}

const allow = (role: InlineRole, actions: string[], resources: string[], conditions?: iam.Conditions) =>
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources, conditions }));

/** Lets the measure function read the catalog, and report. */
export function grantMeasuring(scope: IConstruct, role: InlineRole, parts: AlarmParts): void {
  grantReading(scope, role, parts);
  const conditions = { StringEquals: { 'cloudwatch:namespace': METRICS.namespace } };
  allow(role, ['cloudwatch:PutMetricData'], ['*'], conditions);
  acknowledgeWildcards(role, 'cloudwatch:PutMetricData knows no resources: its namespace is fixed.', ['*']);
  allow(role, ['sqs:SendMessage'], [parts.events.queueArn]);
  allow(role, ['sns:ListSubscriptionsByTopic'], [parts.topic.topicArn]);
  allow(role, ['dynamodb:GetItem', 'dynamodb:PutItem'], [parts.memory.tableArn]);
}

/** Lets the notify function read the catalog, remember, and publish. What it reads in answer to an event comes with the sources. */
export function grantNotifying(scope: IConstruct, role: InlineRole, parts: AlarmParts): void {
  grantReading(scope, role, parts);
  allow(role, ['sns:Publish', 'sns:ListSubscriptionsByTopic'], [parts.topic.topicArn]);
  allow(role, [...USE_KEY], [parts.key.keyArn]);
  acknowledge(role, 'AwsSolutions-IAM5[Action::kms:GenerateDataKey*]', 'SNS asks for it with one of two names.');
  allow(role, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Scan'], [parts.memory.tableArn]);
}

/** Lets somebody send test emails: find the function that sends them, and invoke it. */
export function grantTrying(
  scope: IConstruct,
  grantee: iam.IGrantable,
  bucket: IBackupBucket,
  { functionArn }: lambda.IFunction,
): iam.Grant {
  const invoke = { grantee, actions: ['lambda:InvokeFunction'], resourceArns: [functionArn] };
  return iam.Grant.addToPrincipal(invoke).combine(grantDirectory(scope, grantee, bucket));
}

function grantReading(scope: IConstruct, role: InlineRole, { bucket, parameterName }: AlarmParts): void {
  grantCatalog(bucket, role);
  const resourceName = parameterName.slice(1);
  allow(
    role,
    ['ssm:GetParameter'],
    [Stack.of(scope).formatArn({ service: 'ssm', resource: 'parameter', resourceName })],
  );
}

/** The functions that look for recovery points in vaults. */
export class RecoveryPointReaders {
  private readonly vaults: string[] = [];

  constructor(private readonly roles: readonly InlineRole[]) {}

  allow({ backupVaultArn }: backup.IBackupVault): void {
    if (this.vaults.includes(backupVaultArn)) return;
    this.vaults.push(backupVaultArn);
    for (const role of this.roles) allow(role, ['backup:ListRecoveryPointsByBackupVault'], [backupVaultArn]);
  }
}

/** Logs and schedules that the notify function looks into; they come with the sources. */
export class LookUps {
  private readonly known = new Set<string>();
  private readonly statements = new Map<string, iam.PolicyStatement>();
  private decrypted?: { readonly logGroups: logs.ILogGroup[]; readonly statement: iam.PolicyStatement };

  constructor(
    private readonly scope: IConstruct,
    private readonly role: InlineRole,
  ) {}

  allowLog(logGroup: logs.ILogGroup): void {
    // It ends with `:*`: its streams.
    this.allow('logs:GetLogEvents', logGroup.logGroupArn, 'streams of a log');
    const key = logKeyOf(logGroup);
    if (key === undefined || this.decrypted?.logGroups.includes(logGroup)) return;
    if (this.decrypted) {
      this.decrypted.logGroups.push(logGroup);
      return this.decrypted.statement.addResources(key);
    }
    const logGroups: [logs.ILogGroup] = [logGroup];
    this.decrypted = { logGroups, statement: logDecryption(key, logGroups) };
    this.role.addToPrincipalPolicy(this.decrypted.statement);
  }

  allowSchedules(group: scheduler.IScheduleGroup | undefined): void {
    const resourceName = `${group?.scheduleGroupName ?? 'default'}/*`;
    const arn = Stack.of(this.scope).formatArn({ service: 'scheduler', resource: 'schedule', resourceName });
    this.allow('scheduler:GetSchedule', arn, 'schedules of a group');
  }

  /** Neither action knows resources. */
  allowCommands(): void {
    for (const action of ['ssm:GetCommandInvocation', 'ssm:ListCommands']) this.allow(action, '*', 'commands');
  }

  /** One statement for all: 60 would not fit into the policy. */
  private allow(action: string, resource: string, what: string): void {
    if (this.known.has(`${action} ${resource}`)) return;
    this.known.add(`${action} ${resource}`);
    acknowledgeWildcards(this.role, `All ${what}: it reads whichever an event names.`, [resource]);
    const statement = this.statements.get(action);
    if (statement) return statement.addResources(resource);
    const added = new iam.PolicyStatement({ actions: [action], resources: [resource] });
    this.statements.set(action, added);
    this.role.addToPrincipalPolicy(added);
  }
}
