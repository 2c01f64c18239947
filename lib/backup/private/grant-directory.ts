import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { directoryPath } from '../../../catalog/contract/directory';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { acknowledgeWildcards } from '../../private/acknowledge';
import { InlineRole } from '../../private/inline-role';

/** Allows to read the directory of a bucket: what all constructs wrote there. */
export function grantDirectory(scope: IConstruct, grantee: iam.IGrantable, bucket: IBackupBucket): iam.Grant {
  const path = directoryPath(bucket.bucketName).slice(1, -1);
  const resourceArns = [path, `${path}/*`].map((resourceName) =>
    Stack.of(scope).formatArn({ service: 'ssm', resource: 'parameter', resourceName }),
  );
  if (grantee instanceof InlineRole) acknowledgeWildcards(grantee, 'All parts of the directory.', resourceArns);
  return iam.Grant.addToPrincipal({ grantee, actions: ['ssm:GetParametersByPath'], resourceArns });
}
