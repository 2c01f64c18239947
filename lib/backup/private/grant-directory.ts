import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { alarmSettingsPath } from '../../../catalog/contract/alarms';
import { directoryPath } from '../../../catalog/contract/directory';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { acknowledgeWildcards } from '../../private/acknowledge';
import { InlineRole } from '../../private/inline-role';
import { parameterArns } from '../../private/parameter-arns';

/** Allows to read the directory of a bucket: what all constructs wrote there. People see objectives, too, in the settings of the alarms. */
export function grantDirectory(scope: IConstruct, grantee: iam.IGrantable, bucket: IBackupBucket): iam.Grant {
  const isFunction = grantee instanceof InlineRole;
  const resourceArns = [directoryPath, ...(isFunction ? [] : [alarmSettingsPath])].flatMap((pathOf) =>
    parameterArns(scope, pathOf(bucket.bucketName)),
  );
  if (isFunction) acknowledgeWildcards(grantee, 'All parts of the directory.', resourceArns);
  return iam.Grant.addToPrincipal({ grantee, actions: ['ssm:GetParametersByPath'], resourceArns });
}
