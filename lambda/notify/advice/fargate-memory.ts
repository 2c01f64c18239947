import { MEMORY_OF_CPU } from '../../../catalog/contract/fargate';
import type { Problem } from '../../../catalog/contract/notification';

/** Memory in MiB that Fargate offers, in its order, each with the smallest `cpu` that may have it. */
const SIZES = Object.entries(MEMORY_OF_CPU).flatMap(([cpu, sizes], index, all) =>
  sizes
    .filter((memory) => !all.slice(0, index).some(([, smaller]) => smaller.includes(memory)))
    .map((memory) => [memory, cpu] as const),
);

/** Names the next size above that of the task. */
export const moreMemory = ({ task, command }: Problem): string => {
  if (command) return 'Raise memoryLimitMiB of runsOn, and deploy.';
  const next = SIZES.find(([memory]) => memory > (task?.memory ?? Infinity));
  if (!next) return 'Raise memoryLimitMiB of the backup, and deploy.';
  return `Raise memoryLimitMiB of the backup from ${task!.memory} to ${next[0]} or more (cpu ${next[1]} or more), and deploy.`;
};
