import { Stack } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { fault } from './fault';
import { isUnknown } from './lookup';

/** Refuses the key of a topic if it is known to be in another Region. */
export function requireKeyRegion(scope: IConstruct, key: kms.IKey | undefined): void {
  const [here, there] = [Stack.of(scope).region, key?.env.region];
  if (there === undefined || isUnknown(here) || isUnknown(there) || here === there) return;
  fault(
    scope,
    `topicEncryptionKey must be in the Region of the alarms, ${here}, got: a key in ${there}: use one in ${here}`,
  );
}

/** Refuses a bucket that is known to be in another Region. */
export function requireRegion(scope: IConstruct, what: string, { bucket }: { readonly bucket: s3.IBucket }): void {
  const [here, there] = [Stack.of(scope).region, bucket.env.region];
  if (isUnknown(here) || isUnknown(there) || here === there) return;
  fault(scope, `${what} must be in the Region of the backup, ${here}, got: a bucket in ${there}: use one in ${here}`);
}
