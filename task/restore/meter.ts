import { performance } from 'node:perf_hooks';
import type { ProveProgress } from '../../catalog/contract/prove';
import { formatBytes, formatDuration } from '../../catalog/units';
import type { Log } from '../run/log';

const LOG_INTERVAL_MS = 5000;
const TERMINAL_INTERVAL_MS = 100;
/** Before that, a rate says little about the rest. */
const GUESS_AFTER_SECONDS = 3;

/** Restores have some of the phases of restore tests. */
type Phase = ProveProgress['phase'];

/** Counts the bytes of each phase of a restore, or of a restore test, and reports them every few seconds. */
export class ReadMeter {
  private phase: Phase | undefined;
  private total = 0;
  private totalDumped = 0;
  private table: string | undefined;
  private began = 0;
  private last = { at: 0, bytes: 0 };
  private readonly bytes: Record<Phase, number> = { starting: 0, verifying: 0, loading: 0, dumping: 0, checking: 0 };
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly log: Log) {
    const interval = log.interactive ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS;
    this.timer = setInterval(() => this.report(), interval).unref();
  }

  /** Says how many stored bytes each phase reads, and how many bytes a second dump has. */
  expect(totalBytes: number, totalDumped = 0): void {
    this.total = totalBytes;
    this.totalDumped = totalDumped;
  }

  /** Counts bytes. */
  add(phase: Phase, bytes: number, table = this.table): void {
    this.enter(phase);
    this.table = table;
    this.bytes[phase] += bytes;
  }

  /** Says what is being loaded. */
  loading(table: string | undefined): void {
    this.enter('loading');
    this.table = table;
  }

  /** Says that a phase begins, which reads nothing, or has not read anything yet. */
  begin(phase: Phase): void {
    this.enter(phase);
    this.table = undefined;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private enter(phase: Phase): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.began = performance.now();
    this.last = { at: this.began, bytes: this.bytes[phase] };
  }

  private report(): void {
    const { phase, table } = this;
    if (!phase) return;
    const now = performance.now();
    const bytes = this.bytes[phase];
    const bytesPerSecond = Math.round(((bytes - this.last.bytes) * 1000) / Math.max(1, now - this.last.at));
    this.last = { at: now, bytes };
    const totalBytes = bytes === 0 ? 0 : phase === 'dumping' ? this.totalDumped : this.total;
    const seconds = (now - this.began) / 1000;
    const secondsLeft =
      bytes > 0 && seconds >= GUESS_AFTER_SECONDS && totalBytes >= bytes
        ? Math.round((seconds / bytes) * (totalBytes - bytes))
        : undefined;
    const progress: ProveProgress = {
      ...{ phase, bytes, totalBytes, bytesPerSecond },
      ...(secondsLeft === undefined ? {} : { secondsLeft }),
      ...(table === undefined ? {} : { table }),
    };
    const words = [
      bytes === 0 ? [] : `${formatBytes(bytes)} of ${formatBytes(totalBytes)}, ${formatBytes(bytesPerSecond)}/s`,
      secondsLeft === undefined ? [] : `${formatDuration(secondsLeft)} left`,
      table ?? [],
    ].flat();
    this.log.progress(`${phase} ${words.join(', ')}`.trimEnd(), { progress });
  }
}
