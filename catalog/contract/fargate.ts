/** Sizes that Fargate offers. Free of dependencies, because the construct library has none. */

const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, index) => (from + index * step) * 1024);

/** Memory in MiB that Fargate offers, by CPU units: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html */
export const MEMORY_OF_CPU: Readonly<Record<number, readonly number[]>> = {
  256: [512, 1024, 2048],
  512: range(1, 4, 1),
  1024: range(2, 8, 1),
  2048: range(4, 16, 1),
  4096: range(8, 30, 1),
  8192: range(16, 60, 4),
  16384: range(32, 120, 8),
};

/** Disk of a task, in GiB, if it has more than the 20 that are included. */
export const EPHEMERAL_GIB = { from: 21, to: 200 } as const;
