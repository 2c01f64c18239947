/** Shows how far a restore or a restore test is, on standard error: a bar in a terminal, elsewhere a line now and then. */
import { performance } from 'node:perf_hooks';
import type { ProveProgress } from '../../../catalog/contract/prove';
import type { RestoreProgress } from '../../../catalog/contract/restore';
import { formatBytes, formatDuration } from '../../../catalog/units';
import type { Output } from './output';
import { printable } from './table';

const ELSEWHERE_MS = 30_000;
const BAR = 10;

type ShownProgress = RestoreProgress | ProveProgress;

/** The progress of one run. */
export class ProgressView {
  private phase: ShownProgress['phase'] | undefined;
  private shown = -Infinity;
  private paused = false;

  constructor(private readonly output: Output) {}

  show(progress: ShownProgress): void {
    const begins = progress.phase !== this.phase;
    this.phase = progress.phase;
    if (this.paused) return;
    const { isTTY, columns = 80 } = this.output.streams.stderr;
    if (isTTY) return this.output.progress(progressText(progress, true).slice(0, columns - 1));
    const now = performance.now();
    if (!begins && now - this.shown < ELSEWHERE_MS) return;
    this.shown = now;
    this.output.tell(progressText(progress, false));
  }

  /** Shows nothing while something is asked. */
  pause(paused: boolean): void {
    this.paused = paused;
    this.output.progress();
  }

  /** Shows nothing any more. */
  end(): void {
    this.output.progress();
  }
}

/**
 * `loading 45 % [====>     ] 154.2 MiB of 341.9 MiB, 12.1 MiB/s, 15 s left, shop.orders`
 *
 * @param bar whether to draw it
 */
function progressText(progress: ShownProgress, bar: boolean): string {
  const { phase, bytes, totalBytes, bytesPerSecond, secondsLeft, table } = progress;
  const share = totalBytes > 0 ? Math.min(1, bytes / totalBytes) : 1;
  const filled = Math.floor(share * BAR);
  const drawn = bar ? ` [${`${'='.repeat(filled)}${filled < BAR ? '>' : ''}`.padEnd(BAR)}]` : '';
  const read = `${Math.floor(100 * share)} %${drawn} ${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
  const facts = [
    ...(totalBytes > 0 && phase !== 'checking' ? [read, `${formatBytes(bytesPerSecond)}/s`] : []),
    ...(secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft, 'short')} left`]),
    ...(table === undefined ? [] : [printable(table)]),
  ];
  return `${phase} ${facts.join(', ')}`.trimEnd();
}
