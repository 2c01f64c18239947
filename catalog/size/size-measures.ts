/** A number of a backup, its bytes or its rows, against that of the backups before it. Pure. */
import type { SizeBounds } from '../contract/alarms';

/** What is counted. */
export interface SizeKind {
  /** A deviation is never less than this: what is small varies by more. */
  readonly deviationFloor: number;
  /** A loss is more than this. */
  readonly lossFloor: number;
  readonly text: (value: number) => string;
  /** What the backup's own number is followed by. */
  readonly what: string;
}

export const BYTES: SizeKind = {
  deviationFloor: 64 * 1024,
  lossFloor: 8 * 1024,
  text: (value) => bytesText(value),
  what: ' before compression',
};

export const ROWS: SizeKind = {
  deviationFloor: 20,
  lossFloor: 10,
  text: (value) => `${counted(value)} rows`,
  what: '',
};

/** What is strange about a number. */
export interface StrangeSize {
  readonly cause: 'shrunk' | 'grown';
  readonly sentence: string;
  /** How far off it is: all steps to there, so that the same one is not new again. */
  readonly items: readonly string[];
}

/** The history of a number. */
export class SizeMeasure {
  private readonly sorted: readonly number[];
  private readonly median: number;
  /** One robust deviation. */
  private readonly one: number;
  /** The smallest. A backup just before that lost as much is no measure for the next. */
  private readonly least: number;

  /** @param history the newest first */
  constructor(
    private readonly kind: SizeKind,
    private readonly history: readonly number[],
    private readonly bounds: SizeBounds,
  ) {
    this.sorted = [...history].sort((a, b) => a - b);
    this.median = medianOf(history);
    const spread = 1.4826 * medianOf(history.map((earlier) => Math.abs(earlier - this.median)));
    this.one = Math.max(spread, 0.05 * this.median, kind.deviationFloor);
    const [newest = 0, ...others] = history;
    const least = Math.min(...others);
    this.least = this.isLoss(newest, least) ? least : Math.min(newest, least);
  }

  deviation(value: number): number {
    return (value - this.median) / this.one;
  }

  /** What is strange about a value; of a value of the history too. */
  strange(value: number): StrangeSize | undefined {
    const deviation = this.deviation(value);
    // Has it been about as low, or as high, at least twice: every weekend, for example?
    const low = this.sorted[1] ?? Infinity;
    const high = this.sorted.at(-2) ?? -Infinity;
    const isBelow = deviation < -this.bounds.shrink && value < low - this.one;
    if (isBelow || this.isLoss(value, this.least)) {
      const sentence = isBelow ? this.fromMedian(value) : this.fromLeast(value);
      return { cause: 'shrunk', sentence, items: ['below', ...this.steps(value)] };
    }
    if (deviation <= this.bounds.growth || value <= high + this.one) return undefined;
    return { cause: 'grown', sentence: this.fromMedian(value), items: ['above', ...this.steps(value)] };
  }

  /**
   * Whether much is gone, whatever the deviations say: those of a source that grows, or varies, are so large that nothing
   * would be below them. Who widens `shrink` widens this.
   */
  private isLoss(value: number, least: number): boolean {
    const share = Math.min(1 / 2, 2 / this.bounds.shrink);
    return value < share * least && least - value > this.kind.lossFloor;
  }

  private steps(value: number): string[] {
    const ratio = value / this.median;
    if (ratio > 1) return [2, 4, 16, 256].filter((step) => ratio >= step).map(String);
    return [...[2, 4, 16, 256].filter((step) => ratio <= 1 / step).map((step) => `1/${step}`), ...(value ? [] : ['0'])];
  }

  private fromMedian(value: number): string {
    const { history, median, kind } = this;
    const deviations = `${Math.abs(this.deviation(value)).toFixed(1)} deviations`;
    const off = median > 0 ? `${percentOff(value, median)}, ${deviations}` : deviations;
    return `${kind.text(value)}${kind.what}, and the median of the ${history.length} backups before is ${kind.text(median)} (${off})`;
  }

  private fromLeast(value: number): string {
    const { history, least, kind } = this;
    const count = history.filter((earlier) => earlier >= least).length;
    return `${kind.text(value)}${kind.what}, and the smallest of ${count} backups before is ${kind.text(least)} (${percentOff(value, least)})`;
  }
}

/** The middle one of some numbers. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'];

/** `341.9 MB`: thousands, not 1024s, as S3 bills and the console shows. */
function bytesText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`;
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length);
  return `${(bytes / 1000 ** power).toFixed(1)} ${UNITS[power - 1]}`;
}

/** `48,211`. */
export const counted = (value: number): string => Math.round(value).toLocaleString('en-US');

function percentOff(value: number, of: number): string {
  const percent = Math.round((value / of - 1) * 100);
  return `${percent > 0 ? '+' : ''}${percent} %`;
}
