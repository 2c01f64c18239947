import type { Problem } from '../../../catalog/contract/notification';

/** Memory in MiB that Fargate offers, each with the smallest `cpu` that may have it. */
const SIZES: readonly (readonly [memory: number, cpu: number])[] = [
  [512, 256],
  ...sizes(1, 2, 1, 256),
  ...sizes(3, 4, 1, 512),
  ...sizes(5, 8, 1, 1024),
  ...sizes(9, 16, 1, 2048),
  ...sizes(17, 30, 1, 4096),
  ...sizes(32, 60, 4, 8192),
  ...sizes(64, 120, 8, 16384),
];

function sizes(from: number, to: number, step: number, cpu: number): [number, number][] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => [(from + index * step) * 1024, cpu]);
}

/** Names the next size above that of the task. */
export const moreMemory = ({ task }: Problem): string => {
  const next = SIZES.find(([memory]) => memory > (task?.memory ?? Infinity));
  if (!next) return 'Raise memoryLimitMiB of the backup, and deploy.';
  return `Raise memoryLimitMiB of the backup from ${task!.memory} to ${next[0]} or more (cpu ${next[1]} or more), and deploy.`;
};
