import { MEMORY_OF_CPU } from '../../../catalog/contract/fargate';
import type { ProofFacts } from '../../../engines/engine-facts';
import { engineFacts } from '../../../engines/facts';
import { testSize } from '../../../lambda/restore-tests/size';
import { exampleManifest } from '../../catalog/bucket/example-manifest';

const GIB = 1024 ** 3;
const PROOF: ProofFacts = { diskPerByte: 2, diskBytes: GIB, memoryMiB: 4096, tools: [] };
const [object] = exampleManifest().objects;
const manifest = (gib: number, memoryMiB?: number) => ({
  tables: [],
  objects: [0.25, 0.75].map((share) => ({ ...object!, uncompressedBytes: share * gib * GIB })),
  notes: [{ kind: 'large-rows', memoryMiB }],
});

test.each([
  [0.001, { cpu: 1024, memoryMiB: 4096, ephemeralGiB: 21 }],
  // (7 × 2 + 1) × 1.2 + 3
  [7, { cpu: 1024, memoryMiB: 4096, ephemeralGiB: 21 }],
  [10, { cpu: 1024, memoryMiB: 4096, ephemeralGiB: 29 }],
  [10.001, { cpu: 2048, memoryMiB: 4096, ephemeralGiB: 29 }],
  [50, { cpu: 2048, memoryMiB: 4096, ephemeralGiB: 125 }],
  [60, { cpu: 4096, memoryMiB: 8192, ephemeralGiB: 149 }],
  [81, { cpu: 4096, memoryMiB: 8192, ephemeralGiB: 199 }],
  [82, { neededGiB: 201 }],
])('a dump of %d GiB', (gib, expected) => {
  expect(testSize(manifest(gib), PROOF)).toEqual(expected);
});

test.each([
  [1024, 1024, 4096],
  [4097, 1024, 5120],
  [8193, 2048, 9216],
  [31_000, 8192, 32_768],
  [999_999, 16_384, 122_880],
])('a note that wants %d MiB', (memory, cpu, memoryMiB) => {
  expect(testSize(manifest(1, memory), PROOF)).toEqual({ cpu, memoryMiB, ephemeralGiB: 21 });
  expect(MEMORY_OF_CPU[cpu]).toContain(memoryMiB);
});

test.each([
  [100_000, { cpu: 1024, memoryMiB: 2048, heapMiB: 1536, ephemeralGiB: 21 }],
  // 512 + 1,500,000 × 2,048 bytes
  [1_500_000, { cpu: 1024, memoryMiB: 4096, heapMiB: 3072, ephemeralGiB: 21 }],
  [10_000_000, { cpu: 4096, memoryMiB: 20_480, heapMiB: 15_360, ephemeralGiB: 61 }],
])('%d files of 5 GB: the heap of the program may grow with them', (rows, expected) => {
  const tables = [{ database: '', name: 'media', rows }];
  expect(testSize({ ...manifest(5), tables }, engineFacts('files').proof!)).toEqual(expected);
});
