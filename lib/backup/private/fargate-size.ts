import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { fault, requireRange } from '../../private/fault';

const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, index) => (from + index * step) * 1024);

/** Memory in MiB that Fargate offers, by CPU units. */
const MEMORY_OF_CPU: Readonly<Record<number, readonly number[]>> = {
  256: [512, 1024, 2048],
  512: range(1, 4, 1),
  1024: range(2, 8, 1),
  2048: range(4, 16, 1),
  4096: range(8, 30, 1),
  8192: range(16, 60, 4),
  16384: range(32, 120, 8),
};

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
  requireRange(scope, `${of}ephemeralStorageGiB`, size.ephemeralStorageGiB, { from: 21, to: 200, unit: 'GiB' });
  if (Token.isUnresolved(cpu)) return;
  const memory = MEMORY_OF_CPU[cpu];
  if (memory === undefined) {
    fault(scope, `${of}cpu must be one of ${Object.keys(MEMORY_OF_CPU).join(', ')} (1024 is one vCPU), got: ${cpu}`);
  }
  if (Token.isUnresolved(memoryLimitMiB) || memory.includes(memoryLimitMiB)) return;
  fault(scope, `${of}memoryLimitMiB with cpu ${cpu} must be one of ${memory.join(', ')}, got: ${memoryLimitMiB}`);
}
