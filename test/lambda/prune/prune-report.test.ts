import { PRUNE_METRICS } from '../../../catalog/contract/task';
import type { PruneReport, SourceReport } from '../../../catalog/contract/handlers';
import { conclude, problemsOf } from '../../../lambda/shared/report';
import { prunedOf } from '../../../lambda/shared/send-pruned';

const source = (changes: Partial<SourceReport> = {}): SourceReport => ({
  source: 'shop',
  kept: 1,
  deleted: 0,
  bytesFreed: 0,
  held: 0,
  damaged: [],
  leftovers: 0,
  errors: [],
  ...changes,
});
const reportOf = (...sources: SourceReport[]): PruneReport => ({
  of: 'acme',
  dryRun: true,
  sources,
  unmanaged: [],
  problems: problemsOf(sources),
});
const damaged = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `${index}`, damage: 'cut' }));

let lines: Record<string, unknown>[];
beforeEach(() => {
  lines = [];
  jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(JSON.parse(String(line)));
    return true;
  });
});
afterEach(() => jest.restoreAllMocks());

test('an answer stays below what Lambda returns: the oldest decisions are left out, and counted', async () => {
  const decision = { time: '2026-11-20T02:00:00.000Z', keep: true, reasons: ['kept for ever'], bytes: 10 };
  const decisions = Array.from({ length: 100_000 }, (_, index) => ({ id: `backup-${index}`, ...decision }));
  const report = reportOf(source({ decisions: decisions.slice(0, 3) }), source({ decisions }));
  const [few, many] = (await conclude(report, {}, 'Bucket')).sources;
  expect(few).toMatchObject({ decisions: decisions.slice(0, 3) });
  expect(few).not.toHaveProperty('decisionsLeftOut');
  expect(many!.decisions![0]).toEqual(decisions[0]);
  expect(many!.decisions!.length + many!.decisionsLeftOut!).toBe(100_000);
  const bytes = Buffer.byteLength(JSON.stringify([few, many]));
  expect(bytes).toBeLessThan(5_000_000);
  expect(bytes).toBeGreaterThan(4_900_000);
});

test('a log line names fifty damaged backups and failures, counts all, and has no decisions', async () => {
  const errors = Array.from({ length: 60 }, (_, index) => `failure ${index}`);
  await conclude(reportOf(source({ damaged: damaged(60), errors, decisions: [] })), { dryRun: true }, 'Bucket');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'error', damagedCount: 60, problems: 120 });
  expect(lines[0]!.damaged).toHaveLength(50);
  expect(lines[0]!.errors).toHaveLength(50);
  expect(lines[0]!.message).not.toContain('failure 50');
  expect(lines[0]).not.toHaveProperty('decisions');
});

test('the report of a scheduled run is sent, that of a run on demand is not', async () => {
  const sent: PruneReport[] = [];
  const send = (report: PruneReport) => Promise.resolve(void sent.push(report));
  const report = reportOf(source({ errors: ['no right'] }));
  await conclude(report, { dryRun: true }, 'Bucket', send);
  await conclude(report, { source: 'shop' }, 'Bucket', send);
  expect(sent).toEqual([]);
  expect(await conclude(report, {}, 'Bucket', send)).toEqual(report);
  expect(sent).toEqual([report]);
});

test('a report that cannot be sent fails the run, after its metrics', async () => {
  const send = () => Promise.reject(new Error('no queue'));
  await expect(conclude({ ...reportOf(source()), dryRun: false }, {}, 'Bucket', send)).rejects.toThrow('no queue');
  expect(lines.at(-1)).toMatchObject({ PruneProblems: 0 });
});

describe('the message about a report', () => {
  const refusal = { why: 'too-many', sentence: 'too many' } as const;
  const now = new Date('2026-11-20T04:30:00Z');

  test('has the sources with problems, and of each only as much as an email shows', () => {
    const errors = ['a', 'b', 'c', 'x'.repeat(1000)];
    const report = reportOf(source(), source({ source: 'blog', errors, refusal, damaged: damaged(2) }));
    expect(prunedOf(report, 'backups', now)).toEqual({
      kind: 'pruned',
      prunes: 'backups',
      scope: 'acme',
      at: '2026-11-20T04:30:00.000Z',
      functionName: 'unknown',
      sources: [
        {
          source: 'blog',
          refusal,
          errors: ['a', 'b', 'c'],
          errorCount: 4,
          damaged: { id: '0', damage: 'cut' },
          damagedCount: 2,
        },
      ],
      moreSources: 0,
    });
  });

  test('fits into the queue, however much is wrong', () => {
    const long = 'ü'.repeat(5000);
    const all = Array.from({ length: 300 }, (_, index) =>
      source({ source: `source-${index}`, errors: [long, long, long, long], damaged: [{ id: '0', damage: long }] }),
    );
    const message = prunedOf(reportOf(...all), 'snapshots', now);
    expect([message.sources.length, message.moreSources]).toEqual([50, 250]);
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(250_000);
  });
});

const written = (): string[] =>
  lines.flatMap((line) => Object.keys(line)).filter((name) => Object.values<string>(PRUNE_METRICS).includes(name));

test('only a run by schedule, which sees all sources, says how many problems there are, none included', async () => {
  await conclude({ ...reportOf(source()), dryRun: false }, { source: 'shop', confirmed: [] }, 'Bucket');
  expect(written()).toEqual([PRUNE_METRICS.deleted, PRUNE_METRICS.bytesFreed]);
  lines = [];
  await conclude({ ...reportOf(source()), dryRun: false }, {}, 'Bucket');
  expect(written()).toEqual([
    ...[PRUNE_METRICS.kept, PRUNE_METRICS.deleted, PRUNE_METRICS.bytesFreed, PRUNE_METRICS.problems],
  ]);
});
