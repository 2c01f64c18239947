import { totalmem } from 'node:os';
import * as z from 'zod';

const METADATA_TIMEOUT_MS = 2000;
const metadata = z.object({ Limits: z.object({ Memory: z.number().positive() }) });

/**
 * Memory that this task may use, in bytes: of its cgroup, and of the task as ECS has it, since Fargate limits the task and not
 * its container. Undefined outside of both: then nothing but the machine limits it.
 *
 * @param address of the task's metadata
 */
export async function taskMemory(address = process.env.ECS_CONTAINER_METADATA_URI_V4): Promise<number | undefined> {
  const ofGroup = process.constrainedMemory();
  const limits = [ofGroup > 0 && ofGroup < totalmem() ? ofGroup : undefined, await memoryOfEcsTask(address)];
  const known = limits.filter((limit) => limit !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate-response.html */
async function memoryOfEcsTask(address: string | undefined): Promise<number | undefined> {
  if (!address) return undefined;
  try {
    const response = await fetch(`${address}/task`, { signal: AbortSignal.timeout(METADATA_TIMEOUT_MS) });
    return metadata.parse(await response.json()).Limits.Memory * 1024 ** 2;
  } catch {
    return undefined;
  }
}
