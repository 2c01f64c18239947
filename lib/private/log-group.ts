import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledgeCompliance } from './acknowledge';
import { fault } from './fault';
import { RETAINED } from './retained';

/** Returns the user's log group, or creates one. */
export function logGroupOf(
  scope: Construct,
  { logGroup, logRetention }: { readonly logGroup?: logs.ILogGroup; readonly logRetention?: logs.RetentionDays },
  encryptionKey: () => kms.IKey | undefined = () => undefined,
): logs.ILogGroup {
  if (logGroup !== undefined) {
    if (logRetention === undefined) return logGroup;
    fault(
      scope,
      `logRetention and logGroup cannot be given together, got: ${logRetention} days: set it on the log group`,
    );
  }
  const key = encryptionKey();
  const created = new logs.LogGroup(scope, 'LogGroup', {
    retention: logRetention ?? logs.RetentionDays.THREE_MONTHS,
    encryptionKey: key,
    removalPolicy: RETAINED,
  });
  if (key === undefined) {
    const reason = 'CloudWatch Logs encrypts it with its own key. For another one, the user gives an own log group.';
    acknowledgeCompliance(created, [{ rule: 'CloudWatchLogGroupEncrypted', checkov: 'CKV_AWS_158', reason }]);
  }
  return created;
}
