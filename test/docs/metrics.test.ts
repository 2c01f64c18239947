import { MEASURE_METRICS, METRICS, PRUNE_METRICS } from '../../catalog/contract/task';
import { metricsOf } from '../../lambda/measure/metrics';
import { conclude } from '../../lambda/shared/report';
import { BackupAlarms, BackupPruning, DatabaseBackup } from '../../lib';
import { writeMetrics } from '../../task/run/metrics';
import { document, plain, tableRows } from './markdown';
import { textsByFile } from './sentences';

const { namespace, bucket, source, ...RUN } = METRICS;
const { tag, ...PRUNE } = PRUNE_METRICS;
const NAMES = [RUN, MEASURE_METRICS, PRUNE].flatMap((metrics) => Object.values(metrics));
const metrics = document('docs/metrics.md');
const ROWS = tableRows(metrics.section('Metrics')).map((row) => row.map(plain));

test('the names are defined once: no other source has one in a text', () => {
  const written = textsByFile().filter(({ text }) => new RegExp(`\\b(${NAMES.join('|')})\\b`).test(text));
  expect(new Set(written.map(({ file }) => file))).toEqual(new Set(['catalog/contract/task.ts']));
  expect(written.map(({ text }) => text).sort()).toEqual([...NAMES].sort());
  const spaces = textsByFile().filter(({ text }) => new RegExp(`\\b${namespace}\\b`).test(text));
  expect(spaces).toEqual([{ file: 'catalog/contract/task.ts', text: namespace }]);
});

test('docs/metrics.md has every metric, with its dimensions', () => {
  expect(ROWS.map(([name]) => name)).toEqual(NAMES);
  const { unmeasured, subscriptions } = MEASURE_METRICS;
  const shared: string[] = [unmeasured, subscriptions];
  for (const [name, , by] of ROWS) {
    const ofBucket = Object.values<string>(PRUNE).includes(name!) ? `${bucket} or ${tag}` : bucket;
    const isOfSource = [...Object.values<string>(RUN), ...Object.values<string>(MEASURE_METRICS)].includes(name!);
    expect([name, by]).toEqual([name, isOfSource && !shared.includes(name!) ? `${bucket}, ${source}` : ofBucket]);
  }
});

test('units are those that are written', () => {
  const lines: string[] = [];
  jest.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  conclude({ of: 'backups', dryRun: false, sources: [], unmanaged: [], problems: 0 }, {}, METRICS.bucket);
  jest.restoreAllMocks();
  const raw: unknown[] = lines.map((line) => JSON.parse(line));
  const log = { raw: (line: unknown) => void raw.push(line) };
  const run = { success: true, durationSeconds: 1, bytes: 1 };
  writeMetrics(log as unknown as Parameters<typeof writeMetrics>[0], { bucket: 'backups', source: 'shop' }, run);
  const embedded = raw.flatMap((line) => {
    const { _aws } = line as { _aws?: { CloudWatchMetrics: { Metrics: { Name: string; Unit: string }[] }[] } };
    return _aws?.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name, Unit }) => [Name, Unit])) ?? [];
  });
  const health = {
    ...{ source: 'shop', ageSeconds: 1, allowedAgeSeconds: 2, sizeDeviation: 0, findings: [] },
    proven: { id: '2026-11-20T02-00-00Z', testedAt: '2026-11-20T03:00:00Z', ageSeconds: 1, recoverySeconds: 1 },
    objectives: { recoveryTimeSeconds: 2 },
  };
  const at = '2026-11-20T02:00:00Z';
  const subscriptions = { confirmed: 1, pending: 0 };
  const measured = metricsOf({ kind: 'measured', bucket: 'backups', at, sources: [health], subscriptions });
  const units = [...embedded, ...measured.map(({ MetricName, Unit }) => [MetricName, Unit])];
  expect(Object.fromEntries(ROWS.map(([name, unit]) => [name, unit]))).toEqual(Object.fromEntries(units));
});

test('methods are there', () => {
  const known = [DatabaseBackup, BackupAlarms, BackupPruning].flatMap(({ prototype }) =>
    Object.getOwnPropertyNames(prototype),
  );
  const methods = ROWS.map((row) => row[5]!.replace('()', '')).filter((method) => method !== 'none');
  expect(methods).toHaveLength(NAMES.length - 3);
  expect(known).toEqual(expect.arrayContaining(methods));
});

describe('the sums', () => {
  /** `60 × 730 × 0.005 ÷ 1,000` */
  const calculated = (sum: string): number =>
    sum
      .replaceAll(',', '')
      .replace(/\(([^()]+)\)/g, (_, inner: string) => `${calculated(inner)}`)
      .split(' + ')
      .reduce((total, product) => total + factors(product), 0);
  const factors = (product: string): number =>
    product.split(/ (?=[×÷])/).reduce((value, factor) => {
      const number = Number(/[\d.]+(e-\d+)?/.exec(factor)![0]);
      return factor.startsWith('÷') ? value / number : value * number;
    }, 1);

  test('are right', () => {
    const rows = tableRows(metrics.section('Cost')).filter(([, sum]) => /^\(?\d[^a-z]*$/.test(sum!));
    expect(rows.length).toBeGreaterThan(13);
    for (const [what, sum, cost] of rows) {
      const off = Math.abs(calculated(sum!) - Number(cost!.replaceAll('*', '')));
      expect([what, off < 0.0061]).toEqual([what, true]);
    }
  });

  test('the functions cost less than a dollar together', () => {
    const rows = tableRows(metrics.section('Cost'));
    const from = rows.findIndex(([what]) => what!.startsWith('measure: listing'));
    const costs = rows.slice(from).map((row) => Number(row[2]!.replaceAll('*', '')));
    const sum = costs.at(-1)!;
    expect(costs.slice(0, -1).reduce((total, cost) => total + cost, 0)).toBeCloseTo(sum, 5);
    expect(sum).toBeLessThan(1);
    expect(rows.find(([what]) => what!.startsWith('functions'))![2]).toBe(`${sum}`);
  });
});
