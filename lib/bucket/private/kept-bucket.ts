import { Duration } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge, acknowledgeCompliance } from '../../private/acknowledge';
import { fault, secondsOf } from '../../private/fault';
import { RETAINED } from '../../private/retained';
import type { KeptBucketOptions } from '../backup-bucket-props';
import { requireKey } from './key';

/** A bucket, its key, and how long it keeps what was deleted. */
export interface KeptBucket {
  readonly bucket: s3.Bucket;
  readonly encryptionKey: kms.IKey;
  readonly noncurrentVersionRetention: Duration;
}

/**
 * Creates a bucket that keeps what is deleted for a while: encrypted, versioned, private, and by default outliving its stack.
 *
 * @param what the key encrypts, for its description
 */
export function keptBucket(
  scope: Construct,
  what: string,
  props: KeptBucketOptions,
  tierRules: s3.LifecycleRule[] = [],
): KeptBucket {
  const { removalPolicy = RETAINED, noncurrentVersionRetention = Duration.days(14) } = props;
  requireKey(scope, 'encryptionKey', props.encryptionKey);
  requireDays(scope, noncurrentVersionRetention);
  const encryptionKey =
    props.encryptionKey ??
    new kms.Key(scope, 'Key', { description: `Encrypts ${what}`, enableKeyRotation: true, removalPolicy });
  const bucket = new s3.Bucket(scope, 'Resource', {
    bucketName: props.bucketName,
    encryption: s3.BucketEncryption.KMS,
    encryptionKey,
    bucketKeyEnabled: true,
    versioned: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    serverAccessLogsBucket: props.serverAccessLogsBucket,
    serverAccessLogsPrefix: props.serverAccessLogsPrefix,
    removalPolicy,
    lifecycleRules: [
      {
        id: 'Housekeeping',
        // A run may take seven days, and its upload is as old as its dump.
        abortIncompleteMultipartUploadAfter: Duration.days(8),
        noncurrentVersionExpiration: noncurrentVersionRetention,
        expiredObjectDeleteMarker: true,
      },
      ...tierRules,
    ],
  });
  // A bucket that outlives its stack needs its policy: without it, every principal with s3:DeleteObject could delete.
  bucket.policy!.applyRemovalPolicy(removalPolicy);
  if (props.serverAccessLogsBucket === undefined) {
    const reason = 'The user decides about access logs: serverAccessLogsBucket.';
    acknowledge(bucket, 'AwsSolutions-S1', reason);
    acknowledgeCompliance(bucket, [{ rule: 'S3BucketLoggingEnabled', checkov: 'CKV_AWS_18', reason }]);
  }
  return { bucket, encryptionKey, noncurrentVersionRetention };
}

function requireDays(scope: Construct, retention: Duration): void {
  const days = secondsOf(scope, 'noncurrentVersionRetention', retention)! / 86_400;
  if (Number.isInteger(days) && days >= 1) return;
  fault(
    scope,
    `noncurrentVersionRetention must be a whole number of days, 1 or more, got: ${retention.toHumanString()}`,
  );
}
