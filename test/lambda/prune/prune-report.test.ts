import { PRUNE_METRICS } from '../../../catalog/contract/task';
import type { PruneReport, SourceReport } from '../../../catalog/contract/handlers';
import { conclude, problemsOf } from '../../../lambda/shared/report';

const source = (changes: Partial<SourceReport> = {}): SourceReport => ({
  ...{ source: 'shop', kept: 1, deleted: 0, bytesFreed: 0, held: 0, damaged: [], leftovers: 0, errors: [] },
  ...changes,
});
const reportOf = (...sources: SourceReport[]): PruneReport => ({
  ...{ of: 'acme', dryRun: true, sources, unmanaged: [], problems: problemsOf(sources) },
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

test('an answer stays below what Lambda returns: the oldest decisions are left out, and counted', () => {
  const decision = { time: '2026-11-20T02:00:00.000Z', keep: true, reasons: ['kept for ever'], bytes: 10 };
  const decisions = Array.from({ length: 100_000 }, (_, index) => ({ id: `backup-${index}`, ...decision }));
  const [few, many] = conclude(
    reportOf(source({ decisions: decisions.slice(0, 3) }), source({ decisions })),
    {},
    'Bucket',
  ).sources;
  expect(few).toMatchObject({ decisions: decisions.slice(0, 3) });
  expect(few).not.toHaveProperty('decisionsLeftOut');
  expect(many!.decisions![0]).toEqual(decisions[0]);
  expect(many!.decisions!.length + many!.decisionsLeftOut!).toBe(100_000);
  const bytes = Buffer.byteLength(JSON.stringify([few, many]));
  expect(bytes).toBeLessThan(5_000_000);
  expect(bytes).toBeGreaterThan(4_900_000);
});

test('a log line names fifty damaged backups and failures, counts all, and has no decisions', () => {
  const errors = Array.from({ length: 60 }, (_, index) => `failure ${index}`);
  conclude(reportOf(source({ damaged: damaged(60), errors, decisions: [] })), { dryRun: true }, 'Bucket');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'error', damagedCount: 60, problems: 120 });
  expect(lines[0]!.damaged).toHaveLength(50);
  expect(lines[0]!.errors).toHaveLength(50);
  expect(lines[0]!.message).not.toContain('failure 50');
  expect(lines[0]).not.toHaveProperty('decisions');
});

test('the failure of a run by schedule says the first five problems, and how many more there are', () => {
  const refusal = { why: 'too-many', sentence: 'too many' } as const;
  const report = reportOf(
    source({ errors: ['a', 'b', 'c', 'd'], refusal }),
    source({ source: 'blog', damaged: damaged(2) }),
  );
  expect(() => conclude(report, {}, 'Bucket')).toThrow(
    /^7 problems in acme: shop: too many; shop: a; shop: b; shop: c; shop: d; and 1 more, in the log$/,
  );
  expect(conclude(report, { dryRun: true }, 'Bucket').problems).toBe(7);
});

const written = (): string[] =>
  lines.flatMap((line) => Object.keys(line)).filter((name) => Object.values<string>(PRUNE_METRICS).includes(name));

test('only a run by schedule, which sees all sources, says how many problems there are, none included', () => {
  conclude({ ...reportOf(source()), dryRun: false }, { source: 'shop', confirmed: [] }, 'Bucket');
  expect(written()).toEqual([PRUNE_METRICS.deleted, PRUNE_METRICS.bytesFreed]);
  lines = [];
  conclude({ ...reportOf(source()), dryRun: false }, {}, 'Bucket');
  expect(written()).toEqual([
    ...[PRUNE_METRICS.kept, PRUNE_METRICS.deleted, PRUNE_METRICS.bytesFreed, PRUNE_METRICS.problems],
  ]);
});

test('a refusal of which an alarm tells is logged, and fails no run; what is wrong besides does', () => {
  const waits = { refusal: { why: 'no-recent-backup', sentence: 'no backup' }, alarmed: true } as const;
  const report = { ...reportOf(source(waits)), dryRun: false };
  expect(conclude(report, {}, 'Bucket').problems).toBe(0);
  expect(lines).toMatchObject([
    { level: 'warn', message: 'shop: 1 kept, 0 deleted; no backup', refusal: waits.refusal, problems: 0 },
    { PruneProblems: 0 },
  ]);
  const worse = reportOf(source({ ...waits, damaged: damaged(1) }), source({ source: 'crm', errors: ['no right'] }));
  expect(() => conclude(worse, {}, 'Bucket')).toThrow(
    /^2 problems in acme: shop: 1 damaged, such as 0: cut; crm: no right$/,
  );
});
