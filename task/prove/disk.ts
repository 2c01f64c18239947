import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dumpedBytes, rowsOf, type Manifest } from '../../catalog/bucket/manifest';
import { formatBytes } from '../../catalog/units';
import { proofDiskBytes, type ProofFacts } from '../../engines/engine-facts';
import { missingRoom } from '../io/room';
import { BackupError } from '../run/errors';

const INTERVAL_MS = 10_000;

/**
 * Compares the room in a directory with what the restored server takes, before anything is written.
 *
 * @throws BackupError `notTested` with both numbers
 */
export async function requireDisk(directory: string, manifest: Manifest, proof: ProofFacts): Promise<void> {
  const missing = await missingRoom(directory, proofDiskBytes(proof, dumpedBytes(manifest), rowsOf(manifest)));
  if (!missing) return;
  const { needed, free } = missing;
  throw new BackupError(
    'notTested',
    `the restored server needs ${formatBytes(needed)} of disk, but ${directory} has ${formatBytes(free)}: test it where there is more, with --local`,
    { kind: 'disk-too-small', object: directory, said: `needed: ${needed}, free: ${free}` },
  );
}

/** The most disk that a directory has taken. */
export class DiskMeter {
  private most = 0;
  private measuring: Promise<void> | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly directory: string) {
    this.timer = setInterval(() => void this.measure(), INTERVAL_MS).unref();
  }

  /** Bytes. */
  get peak(): number {
    return this.most;
  }

  /** Measures now. */
  measure(): Promise<void> {
    this.measuring ??= usedBytes(this.directory).then((bytes) => {
      this.most = Math.max(this.most, bytes);
      this.measuring = undefined;
    });
    return this.measuring;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** Bytes that the files below a directory take on the disk. They come and go meanwhile. */
async function usedBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += await usedBytes(path);
    else
      bytes += await lstat(path).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      );
  }
  return bytes;
}
