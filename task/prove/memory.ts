import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { taskMemory } from '../io/task-memory';

/** Of the program itself. */
const OWN_MEMORY_BYTES = 400 * 1024 ** 2;
const LEAST_MEMORY_BYTES = 256 * 1024 ** 2;
/** Where nothing limits it, as on a person's machine. */
const MOST_MEMORY_BYTES = 4 * 1024 ** 3;

/** Memory that the server may take, in bytes. */
export async function serverMemory(metadata: string | undefined): Promise<number> {
  const limit = await taskMemory(metadata);
  const bytes = limit === undefined ? Math.min(totalmem() / 4, MOST_MEMORY_BYTES) : limit - OWN_MEMORY_BYTES;
  return Math.max(bytes, LEAST_MEMORY_BYTES);
}

/** Of cgroups 2 and 1. */
const PEAK_FILES = ['/sys/fs/cgroup/memory.peak', '/sys/fs/cgroup/memory/memory.max_usage_in_bytes'];

/**
 * The most memory of this container, in bytes, caches of its files included; of this program alone outside of ECS, where the same
 * files may count the whole machine.
 */
export function peakMemory(isTask: boolean): number {
  for (const file of isTask ? PEAK_FILES : []) {
    try {
      return Number(readFileSync(file, 'utf8'));
    } catch {
      // The other version of cgroups, or none.
    }
  }
  return process.resourceUsage().maxRSS * 1024;
}
