import { ArnFormat, Lazy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { acknowledge } from './acknowledge';
import { InlineRole } from './inline-role';

// CloudWatch Logs asks KMS in the name of whoever writes or reads, so each of them needs the key as well:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
const READ = ['kms:Decrypt'];
const WRITE = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'];

/** ARN of the key of a log group of this app; `undefined` without a key, and for an imported log group. */
export function logKeyOf({ node }: logs.ILogGroup): string | undefined {
  return node.defaultChild instanceof logs.CfnLogGroup ? node.defaultChild.kmsKeyId : undefined;
}

/** Lets somebody who may write to a log group use its key for that. */
export function grantLogWriting(grantee: iam.IGrantable, logGroup: logs.ILogGroup): void {
  const key = logKeyOf(logGroup);
  if (key === undefined) return;
  grantee.grantPrincipal.addToPrincipalPolicy(useLogKey(WRITE, key, [logGroup]));
  // This question names no log group.
  const question = { actions: ['kms:DescribeKey'], resources: [key], conditions: { StringEquals: viaLogs(logGroup) } };
  grantee.grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement(question));
  if (!(grantee instanceof InlineRole || grantee instanceof iam.Policy)) return;
  for (const action of WRITE.filter((name) => name.endsWith('*'))) {
    acknowledge(grantee, `AwsSolutions-IAM5[Action::${action}]`, 'CloudWatch Logs asks for it with one of two names.');
  }
}

/** Lets somebody who may read a log group decrypt it. */
export function grantLogReading(grantee: iam.IGrantable, logGroup: logs.ILogGroup): void {
  const key = logKeyOf(logGroup);
  if (key !== undefined) grantee.grantPrincipal.addToPrincipalPolicy(logDecryption(key, [logGroup]));
}

/** Allows to decrypt log groups. Keys may be added to the statement, and log groups to the list, until synth. */
export const logDecryption = (key: string, logGroups: readonly [logs.ILogGroup, ...logs.ILogGroup[]]) =>
  useLogKey(READ, key, logGroups);

function useLogKey(
  actions: string[],
  key: string,
  logGroups: readonly [logs.ILogGroup, ...logs.ILogGroup[]],
): iam.PolicyStatement {
  const names = Lazy.any({ produce: () => logGroups.map(arnOf) });
  return new iam.PolicyStatement({
    actions,
    resources: [key],
    conditions: { StringEquals: viaLogs(logGroups[0]), ArnEquals: { 'kms:EncryptionContext:aws:logs:arn': names } },
  });
}

function viaLogs(logGroup: logs.ILogGroup): Record<string, string> {
  const { region, urlSuffix } = Stack.of(logGroup);
  return { 'kms:ViaService': `logs.${region}.${urlSuffix}` };
}

/** As the encryption context has it: {@link logs.ILogGroup.logGroupArn} ends with `:*`. */
function arnOf(logGroup: logs.ILogGroup): string {
  const { logGroupName: resourceName } = logGroup;
  const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
  return Stack.of(logGroup).formatArn({ service: 'logs', resource: 'log-group', resourceName, arnFormat });
}
