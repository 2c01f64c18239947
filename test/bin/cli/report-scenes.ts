import type { SourceObjectives } from '../../../bin/cli/aws/objectives';
import type { SourcePlan } from '../../../bin/cli/aws/plans';
import type { ListedRecoveryPoint } from '../../../bin/cli/aws/recovery-points';
import type { ListedBackup } from '../../../bin/cli/aws/stored-backups';
import type { ReportData } from '../../../bin/cli/report/data';
import { reportData } from '../../../bin/cli/report/data';
import { backupId } from '../../../catalog/bucket/names';

/** When they are made. */
export const NOW = new Date('2026-11-21T09:00:00Z');
const MB = 1_000_000;
/** The id of a backup of the night so many days ago. */
export const daysAgo = (days: number): string => backupId(new Date(NOW.getTime() - days * 86_400_000 - 7 * 3_600_000));
/** A backup of that night. */
export const backup = (source: string, days: number, changes: Partial<ListedBackup> = {}): ListedBackup => ({
  ...{ source, id: daysAgo(days), bytes: 340 * MB - days * MB, storageClass: 'STANDARD', proven: false },
  ...{ engine: 'mariadb', serverVersion: '10.11.19-MariaDB', tables: 42, rows: 1_204_511 },
  ...changes,
});
/** A recovery point of that night. */
export const recoveryPoint = (days: number, changes: Partial<ListedRecoveryPoint> = {}): ListedRecoveryPoint => ({
  ...{ source: 'media', id: `1EB3-${days}`, type: 'S3', vault: 'acme-vault', bytes: 2 ** 32, state: 'completed' },
  arn: `arn:aws:backup:eu-west-1:111122223333:recovery-point:1EB3-${days}`,
  time: new Date(NOW.getTime() - days * 86_400_000 - 5 * 3_600_000).toISOString(),
  keptUntil: new Date(NOW.getTime() + 30 * 86_400_000).toISOString(),
  ...changes,
});
const tested = (days: number, verdict: 'passed' | 'failed' | 'not-run', more: object = {}) => ({
  test: { verdict, testedAt: new Date(NOW.getTime() - days * 86_400_000).toISOString(), ...more },
});

/** Reports that people look at in a browser. */
export const SCENES: Readonly<Record<string, () => ReportData>> = {
  empty: () => reportData('shop-backups', [], new Map(), NOW),
  usual: () => {
    const days = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 27, 34, 41, 71, 101, 132, 162];
    const shop = days.map((day) =>
      backup('shop', day, {
        ...(day === 1 && tested(0.5, 'failed', { differenceCount: 3 })),
        ...(day === 8 && tested(7, 'passed', { loadSeconds: 192.4 })),
        ...([20, 34, 71].includes(day) && tested(day - 1, 'passed', { loadSeconds: 180 - day })),
        ...(day === 13 && tested(12, 'not-run', { reason: { kind: 'image-lacks', object: 'extension postgis' } })),
      }),
    );
    const blog = [0, 1, 2, 3, 4, 5, 6, 7].map((day) =>
      backup('blog', day, { bytes: 12 * MB, ...(day === 2 && tested(1, 'passed', { loadSeconds: 9 })) }),
    );
    const set: SourceObjectives = {
      provenAgeSeconds: 17 * 86_400,
      recoveryTimeSeconds: 120,
      allowedAgeSeconds: 90_000,
    };
    const plan: SourcePlan = {
      schedule: { expression: 'cron(30 2 * * ? *)', timeZone: 'Europe/Paris' },
      retention: { keepForSeconds: 172_800, daily: 14, weekly: 14, keepLast: 3, timeZone: 'UTC', weekStart: 'monday' },
    };
    const plans = new Map<string, SourcePlan>([['shop', plan]]);
    const media: SourceObjectives = {
      ...{ provenAgeSeconds: 17 * 86_400, allowedAgeSeconds: 90_000, tests: 'off' },
      managed: { resource: 'arn:aws:s3:::media', vault: 'acme-vault', plan: 'acme-plan' },
    };
    const limits = new Map([
      ['media', media],
      ['shop', set],
    ]);
    const managed = { points: [recoveryPoint(0), recoveryPoint(1)], faults: new Map<string, string>() };
    return reportData('shop-backups', [...blog, ...shop], limits, NOW, { plans, managed });
  },
  large: () => {
    const names = Array.from({ length: 60 }, (_, index) => `database-${String(index + 1).padStart(2, '0')}`);
    const all = names.flatMap((name, index) =>
      Array.from({ length: 120 }, (_, day) =>
        backup(name, day, {
          ...(day % 7 === index % 7 &&
            tested(day, index === 7 && day === 0 ? 'failed' : 'passed', { loadSeconds: 900 + day })),
        }),
      ),
    );
    return reportData('acme-backups', all, new Map(), NOW);
  },
};
