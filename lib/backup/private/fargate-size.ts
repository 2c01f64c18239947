import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { EPHEMERAL_GIB, MEMORY_OF_CPU } from '../../../catalog/contract/fargate';
import { fault, requireRange } from '../../private/fault';

/**
 * Refuses sizes that Fargate would refuse when the task starts.
 *
 * @param of what the properties are of, with a dot: `restore.`
 */
export function requireFargateSize(
  scope: IConstruct,
  size: { readonly cpu: number; readonly memoryLimitMiB: number; readonly ephemeralStorageGiB?: number },
  of = '',
): void {
  const { cpu, memoryLimitMiB } = size;
  requireRange(scope, `${of}ephemeralStorageGiB`, size.ephemeralStorageGiB, { ...EPHEMERAL_GIB, unit: 'GiB' });
  if (Token.isUnresolved(cpu)) return;
  const memory = MEMORY_OF_CPU[cpu];
  if (memory === undefined) {
    fault(scope, `${of}cpu must be one of ${Object.keys(MEMORY_OF_CPU).join(', ')} (1024 is one vCPU), got: ${cpu}`);
  }
  if (Token.isUnresolved(memoryLimitMiB) || memory.includes(memoryLimitMiB)) return;
  fault(scope, `${of}memoryLimitMiB with cpu ${cpu} must be one of ${memory.join(', ')}, got: ${memoryLimitMiB}`);
}
