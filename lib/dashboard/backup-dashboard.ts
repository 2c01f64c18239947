import { Duration, Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Backups } from '../backup/backups';
import type { DatabaseBackup } from '../backup/database-backup';
import { ROW_METRICS, ROW_WIDGETS, sourceRow } from './private/dashboard-source';
import type { DashboardScope } from './private/dashboard-summary';
import { SUMMARY_METRICS, SUMMARY_WIDGETS, summary } from './private/dashboard-summary';
import { LateWidgets } from './private/dashboard-late';
import { requireProps } from '../private/fault';

/** Properties of BackupDashboard. */
export interface BackupDashboardProps {
  /**
   * What is shown, with all of its databases: also with those that are added later.
   *
   * @default - only `sources`, and what is added by `addSource`
   */
  readonly backups?: Backups;

  /**
   * Backups that stand alone.
   *
   * @default - only those of `backups`, and what is added by `addSource`
   */
  readonly sources?: DatabaseBackup[];

  /**
   * Name of the dashboard: letters, digits, hyphens and underscores.
   *
   * @default - CloudFormation makes up a name
   */
  readonly dashboardName?: string;

  /**
   * The time that is shown when the dashboard is opened.
   *
   * @default Duration.days(14)
   */
  readonly defaultInterval?: Duration;

  /**
   * Time of one point in the graphs of the sources. At least an hour shows everything: ages are measured once an hour.
   *
   * @default Duration.hours(1)
   */
  readonly period?: Duration;
}

/**
 * A dashboard of CloudWatch: at the top what is wrong, then one row a source with its age against what is allowed, its
 * runs, sizes and proofs. Three dashboards of an account are free, each further one is 3 USD a month.
 */
export class BackupDashboard extends Construct {
  /** The dashboard. */
  public readonly dashboard: cloudwatch.Dashboard;
  private readonly backups?: Backups;
  private readonly added: DatabaseBackup[] = [];

  constructor(scope: Construct, id: string, props: BackupDashboardProps) {
    super(scope, id);
    requireProps(this, props, {});
    const { backups, sources = [], period = Duration.hours(1) } = props;
    this.backups = backups;
    for (const source of sources) this.addSource(source);
    this.dashboard = new cloudwatch.Dashboard(this, 'Resource', {
      dashboardName: props.dashboardName,
      defaultInterval: props.defaultInterval ?? Duration.days(14),
      // Else CloudWatch would choose longer periods for longer times, and one bad hour be lost in them.
      periodOverride: cloudwatch.PeriodOverride.INHERIT,
    });
    // Databases may be added later: what is shown is put together when the template is written.
    this.dashboard.addWidgets(new LateWidgets(() => this.rows(period)));
    this.node.addValidation({ validate: () => this.faults() });
  }

  /** Shows one more backup, which stands alone. */
  public addSource(source: DatabaseBackup): void {
    this.added.push(source);
  }

  /** What is shown, by name: in 60 rows one looks for a name. */
  private get shown(): DashboardScope {
    const { backups } = this;
    const sources = [...new Set([...(backups?.databases ?? []), ...this.added])].sort((a, b) =>
      a.sourceName < b.sourceName ? -1 : 1,
    );
    const buckets = [...(backups ? [backups.bucket] : []), ...sources.map(({ bucket }) => bucket)];
    const byName = new Map(buckets.map((bucket) => [bucket.bucketName, bucket]));
    return { backups, sources, buckets: [...byName.values()] };
  }

  private rows(period: Duration): cloudwatch.IWidget[][] {
    const { shown } = this;
    return [...summary(shown), ...shown.sources.map((source) => sourceRow(source, period))];
  }

  private faults(): string[] {
    const { sources, buckets } = this.shown;
    if (buckets.length === 0) return ['a dashboard needs something to show, got: nothing: give backups or sources'];
    // Its numbers would stay empty: CloudWatch finds the metrics of its own Region only.
    const here = Stack.of(this).region;
    const far = [...(this.backups ? [this.backups] : []), ...sources].find((part) => {
      const there = Stack.of(part).region;
      return !Token.isUnresolved(here) && !Token.isUnresolved(there) && here !== there;
    });
    if (far) {
      const there = Stack.of(far).region;
      return [
        `a dashboard must be in the Region of what it shows, got: one in ${here} for ${far.node.path} in ${there}: make it in a stack in ${there}`,
      ];
    }
    const most = Math.floor(
      Math.min((WIDGETS - SUMMARY_WIDGETS) / ROW_WIDGETS, (METRICS - buckets.length * SUMMARY_METRICS) / ROW_METRICS),
    );
    if (sources.length <= most) return [];
    return [
      `a dashboard of CloudWatch must have at most ${WIDGETS} widgets and ${METRICS} metrics, which are ${most} sources, got: ${sources.length}: use several, each with some of the sources`,
    ];
  }
}

/** What a dashboard holds. */
const WIDGETS = 500;
const METRICS = 2500;
