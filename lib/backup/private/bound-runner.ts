import type * as iam from 'aws-cdk-lib/aws-iam';
import type { InstanceTarget } from '../../../catalog/contract/instance';

/** A checked runner on an instance. */
export interface BoundInstanceRunner {
  readonly role: iam.IRole;
  /** Left out: the smallest that the run can do with. */
  readonly network?: string;
  readonly cpus: number;
  readonly memoryLimitMiB: number;
  readonly target: InstanceTarget;
}
