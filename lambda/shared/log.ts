import { METRICS } from '../../catalog/contract/task';

/** A metric of a run. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
}

/** Writes a line of the log: one JSON object, as the dump program writes them. */
export function logLine(
  level: 'info' | 'warn' | 'error',
  event: string,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): void {
  write({ time: new Date().toISOString(), level, event, message, ...fields });
}

/**
 * Writes metrics, in CloudWatch's embedded metric format: no API call, no permission.
 *
 * @param dimension name of their one dimension
 * @param of its value
 */
export function writeMetrics(dimension: string, of: string, metrics: readonly Metric[]): void {
  const directive = {
    Namespace: METRICS.namespace,
    Dimensions: [[dimension]],
    Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
  };
  write({
    _aws: { Timestamp: Date.now(), CloudWatchMetrics: [directive] },
    [dimension]: of,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  });
}

/** Not by `console.log`: Lambda puts time and request before its lines, and CloudWatch knows metrics only without. */
const write = (object: object): void => void process.stdout.write(`${JSON.stringify(object)}\n`);
