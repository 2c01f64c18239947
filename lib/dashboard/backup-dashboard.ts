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
   * Backups to show, with all of their databases, including those that are added later.
   *
   * @default - only `sources`, and those added by `addSource`
   */
  readonly backups?: Backups;

  /**
   * Backups outside of `backups` to show.
   *
   * @default - only those of `backups`, and those added by `addSource`
   */
  readonly sources?: DatabaseBackup[];

  /**
   * Name of the dashboard: letters, digits, hyphens and underscores.
   *
   * @default - CloudFormation generates a name
   */
  readonly dashboardName?: string;

  /**
   * Time range that the dashboard shows when it is opened.
   *
   * @default Duration.days(14)
   */
  readonly defaultInterval?: Duration;

  /**
   * Period of one data point in the graphs of the sources. Ages are measured once an hour: with a shorter period, their
   * graphs have gaps.
   *
   * @default Duration.hours(1)
   */
  readonly period?: Duration;
}

/**
 * A CloudWatch dashboard. Current problems are at the top, followed by one row for each source: its age against the allowed
 * age, its runs, sizes and proofs. Three dashboards of an account are free; each further one costs 3 USD a month.
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
      // Otherwise CloudWatch chooses longer periods for longer time ranges, in which one bad hour disappears.
      periodOverride: cloudwatch.PeriodOverride.INHERIT,
    });
    // Databases may be added later: the widgets are rendered when the template is written.
    this.dashboard.addWidgets(new LateWidgets(() => this.rows(period)));
    this.node.addValidation({ validate: () => this.faults() });
  }

  /** Adds a backup. */
  public addSource(source: DatabaseBackup): void {
    this.added.push(source);
  }

  /** Sources in the order of their names: readers search 60 rows by name. */
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
    // Its graphs would stay empty: CloudWatch finds only the metrics of its own Region.
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

/** Limits of a dashboard. */
const WIDGETS = 500;
const METRICS = 2500;
