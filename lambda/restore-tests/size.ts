import { dumpedBytes, rowsOf, type Manifest } from '../../catalog/bucket/manifest';
import { EPHEMERAL_GIB, MEMORY_OF_CPU } from '../../catalog/contract/fargate';
import { HEAP_SHARE, proofDiskBytes, type ProofFacts } from '../../engines/engine-facts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** The image lies on the same disk, compressed and unpacked. */
const IMAGE_GIB = 3;
/** An estimate is no promise. */
const RESERVE = 1.2;
/** CPU units, by bytes before compression up to which they suffice: with more, more is loaded at once. */
const CPU: readonly (readonly [bytes: number, cpu: number])[] = [
  [10 * GIB, 1024],
  [50 * GIB, 2048],
  [Infinity, 4096],
];

/** Size of the task of a test. */
export interface TestSize {
  /** CPU units; 1024 is one vCPU. */
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly ephemeralGiB: number;
  /** Heap of the program; what V8 takes for right when left out, which is half of the memory and at most 2 or 4 GiB. */
  readonly heapMiB?: number;
}

/**
 * Size of the task that tests a backup, by what its manifest says.
 *
 * @returns the disk that it would need, if no task has as much
 */
export function testSize(
  { objects, repository, tables, notes = [] }: Pick<Manifest, 'objects' | 'repository' | 'tables' | 'notes'>,
  proof: ProofFacts,
): TestSize | { readonly neededGiB: number } {
  const bytes = dumpedBytes({ objects, repository });
  const rows = rowsOf({ tables });
  const disk = proofDiskBytes(proof, bytes, rows);
  const neededGiB = Math.ceil((disk / GIB) * RESERVE + IMAGE_GIB);
  if (neededGiB > EPHEMERAL_GIB.to) return { neededGiB };
  const { memoryPerRow = 0 } = proof;
  const least = Math.max(proof.memoryMiB + (rows * memoryPerRow) / MIB, ...notes.map(({ memoryMiB = 0 }) => memoryMiB));
  const cpu = CPU.find(([most]) => bytes <= most)![1];
  const sizes = Object.entries(MEMORY_OF_CPU).flatMap(([units, memory]) =>
    memory.map((memoryMiB) => ({ cpu: Number(units), memoryMiB })),
  );
  // A note that wants more than there is gets the most that there is.
  const fitting = sizes.find((size) => size.cpu >= cpu && size.memoryMiB >= least) ?? sizes.at(-1)!;
  const heap = memoryPerRow > 0 && { heapMiB: fitting.memoryMiB * HEAP_SHARE };
  return { ...fitting, ...heap, ephemeralGiB: Math.max(EPHEMERAL_GIB.from, neededGiB) };
}
