import type * as kms from 'aws-cdk-lib/aws-kms';
import type { IConstruct } from 'constructs';
import { fault } from '../../private/fault';

/** Refuses an alias: an IAM statement that names an alias allows nothing. */
export function requireKey(scope: IConstruct, what: string, key: kms.IKey | undefined): void {
  if (key?.keyArn.includes(':alias/')) fault(scope, `${what} must be a key, got: an alias: give the key by its ARN`);
}
