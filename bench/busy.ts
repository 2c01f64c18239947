import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';

/** Where the seconds of a process, and of its children that have ended, are in `/proc/<pid>/stat` behind its name: proc(5). */
const TIMES = [11, 15] as const;
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function readIfThere(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function ticksOf(pid: number): number {
  const times = readIfThere(`/proc/${pid}/stat`)
    .split(') ')
    .pop()!
    .split(' ')
    .slice(...TIMES);
  const threads = fs.existsSync(`/proc/${pid}/task`) ? fs.readdirSync(`/proc/${pid}/task`) : [];
  const children = threads.flatMap((thread) =>
    readIfThere(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return [...times.map(Number), ...children.map(ticksOf)].reduce((sum, one) => sum + one, 0);
}

/**
 * CPU seconds that this process and all that it has started took so far: the server, the pipelines and S3. What others do on the machine
 * does not count.
 */
export const busySeconds = (): number => ticksOf(process.pid) / TICKS;
