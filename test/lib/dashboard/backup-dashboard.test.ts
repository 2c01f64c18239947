import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import * as rds from 'aws-cdk-lib/aws-rds';
import { MEASURE_METRICS, METRICS, PRUNE_METRICS } from '../../../catalog/contract/task';
import { BackupDashboard, BackupSchedule, Database, RestoreTests } from '../../../lib';
import type { Json } from '../support';
import { flat, READY_IMAGE, Setup } from '../support';

/** The body of the one dashboard, with references written as `<id.attribute>`. */
function bodyOf(setup: Setup): Json {
  const dashboards = Object.values(setup.template().findResources('AWS::CloudWatch::Dashboard'));
  expect(dashboards).toHaveLength(1);
  return JSON.parse(flat(dashboards[0]!.Properties.DashboardBody));
}

const titleOf = ({ properties }: Json): string => properties.title ?? '';
const titled = (body: Json, title: string): Json => body.widgets.find((widget: Json) => titleOf(widget) === title);
/** `[namespace, name, dimensions…]` of each metric that is read, not calculated. */
const metricsOf = ({ properties }: Json): Json[][] =>
  (properties.metrics ?? []).filter(([first]: Json[]) => typeof first === 'string');
const expressionsOf = ({ properties }: Json): string[] =>
  (properties.metrics ?? []).flatMap(([first]: Json[]) => (typeof first === 'string' ? [] : [first.expression]));

describe('two databases', () => {
  const setup = new Setup();
  const dashboard = new BackupDashboard(setup.stack, 'Dashboard', {
    backups: setup.create(),
    dashboardName: 'backups',
    period: Duration.hours(6),
    defaultInterval: Duration.days(7),
  });
  // Later than the dashboard.
  setup.add({ allowedAge: Duration.hours(31), schedule: BackupSchedule.daily({ hour: 2 }) }, 'Shop');
  setup.add(
    {
      allowedAge: Duration.minutes(450),
      recoveryTimeObjective: Duration.minutes(90),
      recoveryPointObjective: Duration.hours(30),
      restoreTest: RestoreTests.monthly(),
    },
    'Accounts',
  );
  let body: Json;
  beforeAll(() => {
    body = bodyOf(setup);
  });

  test('what is wrong comes first, and then a row a source, by name', () => {
    const titles: string[] = body.widgets.map(titleOf);
    expect(titles).toEqual([
      '',
      'Overdue sources',
      'Failed runs, in the time shown',
      'Starts refused or given up',
      'Sources not measured',
      'Pruning problems, newest run',
      'Subscriptions confirmed',
      'Silent: overdue, or not measured for five hours',
      'Age of the newest backups, in % of what is allowed',
      'Stored, by tier',
      'Pruning, by day',
      'Starts that went wrong',
      'accounts: hours since the newest backup',
      'accounts: runs',
      'accounts: size and minutes of a run',
      'accounts: days since the newest proof, minutes of a restore',
      'shop: hours since the newest backup',
      'shop: runs',
      'shop: size and minutes of a run',
      'shop: days since the newest proof',
    ]);
  });

  test('the text has the command for this bucket, and links to the documents', () => {
    const { markdown } = body.widgets[0].properties;
    const bucket = flat(setup.stack.resolve(setup.backups.bucket.bucketName));
    expect(markdown).toContain(`**2 sources in \`${bucket}\`.**`);
    expect(markdown).toContain(`\`npx proven-backups list --bucket ${bucket} --region <AWS::Region>\``);
    const pages = [...markdown.matchAll(/\]\((https:[^)]+)\/blob\/main\/([^)#]+)[^)]*\)/g)].map(([, , page]) => page);
    expect(pages).toEqual(['docs/alarms.md', 'docs/metrics.md']);
    for (const page of pages) expect(existsSync(join(__dirname, '../../..', page!))).toBe(true);
  });

  test('rows fill the width, and none lies over another', () => {
    const rows = new Map<number, Json[]>();
    for (const widget of body.widgets) rows.set(widget.y, [...(rows.get(widget.y) ?? []), widget]);
    let end = 0;
    for (const [y, widgets] of rows) {
      expect(y).toBe(end);
      expect(widgets.reduce((x, widget) => (widget.x === x ? x + widget.width : NaN), 0)).toBe(24);
      end = y + Math.max(...widgets.map(({ height }) => height));
    }
  });

  test('the age is drawn from zero against what is allowed', () => {
    const { properties } = titled(body, 'shop: hours since the newest backup');
    expect(expressionsOf({ properties })).toEqual(['age/3600']);
    expect(metricsOf({ properties })[0]).toEqual([
      METRICS.namespace,
      MEASURE_METRICS.age,
      METRICS.bucket,
      flat(setup.stack.resolve(setup.backups.bucket.bucketName)),
      METRICS.source,
      'shop',
      expect.objectContaining({ visible: false, stat: 'Maximum' }),
    ]);
    expect(properties.yAxis.left.min).toBe(0);
    expect(properties.annotations.horizontal).toEqual([expect.objectContaining({ value: 31, label: 'allowed: 31 h' })]);
    const other = titled(body, 'accounts: hours since the newest backup');
    expect(other.properties.annotations.horizontal).toMatchObject([
      { value: 7.5, label: 'allowed: 7.5 h' },
      { value: 30, label: 'objective: 30 h' },
    ]);
  });

  test('proofs are drawn against what is allowed, and the time of a restore against its objective, where there is one', () => {
    const shop = titled(body, 'shop: days since the newest proof');
    expect(expressionsOf(shop)).toEqual(['proof/86400']);
    expect(shop.properties.annotations.horizontal).toMatchObject([{ value: 17, label: 'allowed: 17 d' }]);
    const accounts = titled(body, 'accounts: days since the newest proof, minutes of a restore');
    expect(expressionsOf(accounts)).toEqual(['proof/86400', 'recovery/60']);
    expect(metricsOf(accounts).map(([, name]) => name)).toEqual([
      MEASURE_METRICS.provenAge,
      MEASURE_METRICS.recoveryTime,
    ]);
    expect(accounts.properties.annotations.horizontal).toMatchObject([
      { label: expect.stringMatching(/^allowed: \d+ d$/) },
      { value: 90, label: 'objective: 90 min', yAxis: 'right' },
    ]);
  });

  test('overdue sources are counted by what each is allowed', () => {
    const widget = titled(body, 'Overdue sources');
    expect(expressionsOf(widget)).toEqual(['SUM([a0>27000,a1>111600])']);
    expect(metricsOf(widget).map((metric) => [metric[5], metric[6].id, metric[6].period])).toEqual([
      ['accounts', 'a0', 3600],
      ['shop', 'a1', 3600],
    ]);
    const shares = titled(body, 'Age of the newest backups, in % of what is allowed');
    expect(expressionsOf(shares)).toEqual(['100*s0/27000', '100*s1/111600']);
  });

  test('failed runs are those that reported, without the complete ones', () => {
    const widget = titled(body, 'shop: runs');
    expect(expressionsOf(widget)).toEqual(['FILL(runs,0)-FILL(complete,0)']);
    expect(metricsOf(widget).map((metric) => metric[6])).toMatchObject([
      { stat: 'SampleCount', id: 'runs', visible: false },
      { stat: 'Sum', id: 'complete', label: 'complete' },
    ]);
    const bucket = flat(setup.stack.resolve(setup.backups.bucket.bucketName));
    const found = (statistic: string) =>
      `SUM(SEARCH('{ProvenBackups,Bucket,Source} MetricName="BackupSuccess" Bucket="${bucket}"','${statistic}',3600))`;
    expect(expressionsOf(titled(body, 'Failed runs, in the time shown'))).toEqual([
      `RUNNING_SUM(${found('SampleCount')}-${found('Sum')})`,
    ]);
  });

  test('storage by tier comes from S3, once a day', () => {
    const metrics = metricsOf(titled(body, 'Stored, by tier'));
    expect(metrics.map(([namespace, name, ...rest]) => [namespace, name, rest[3], rest[4].period])).toEqual(
      [
        'StandardStorage',
        'StandardIAStorage',
        'GlacierInstantRetrievalStorage',
        'GlacierStorage',
        'DeepArchiveStorage',
      ].map((tier) => ['AWS/S3', 'BucketSizeBytes', tier, 86_400]),
    );
  });

  test('name, time and periods are those given', () => {
    const [resource] = Object.values(setup.template().findResources('AWS::CloudWatch::Dashboard'));
    expect(resource!.Properties.DashboardName).toBe('backups');
    expect(dashboard.dashboard.dashboardArn).toBeDefined();
    expect(body).toMatchObject({ start: '-P7D', periodOverride: 'inherit' });
    const rows = body.widgets.filter((widget: Json) => titleOf(widget).startsWith('shop:'));
    const periods = rows.flatMap(metricsOf).map((metric: Json[]) => metric.at(-1).period);
    expect(new Set(periods)).toEqual(new Set([21_600]));
  });
});

describe('60 databases', () => {
  const setup = new Setup();
  const backups = setup.create({ restoreTest: RestoreTests.off('A role each is too much beside a rule each.') });
  const instance = new rds.DatabaseInstance(setup.stack, 'Database', {
    vpc: setup.vpc,
    engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_16_4 }),
  });
  const database = Database.fromInstance(instance);
  const recoveryTimeObjective = Duration.hours(4);
  for (let index = 1; index <= 60; index++) setup.add({ database, recoveryTimeObjective }, `Database${index}`);
  new BackupDashboard(setup.stack, 'Dashboard', { backups });
  let body: Json;
  beforeAll(() => {
    body = bodyOf(setup);
  });

  test('fit into a dashboard and into a template', () => {
    expect(body.widgets).toHaveLength(12 + 60 * 4);
    const counted = body.widgets.map(({ properties }: Json) => properties.metrics?.length ?? 0);
    expect(counted.reduce((sum: number, count: number) => sum + count, 0)).toBeLessThan(1000);
    // Metrics of one graph, and characters of one expression.
    expect(Math.max(...counted)).toBeLessThanOrEqual(500);
    expect(Math.max(...body.widgets.flatMap(expressionsOf).map(({ length }: string) => length))).toBeLessThan(2048);
    expect(JSON.stringify(body).length).toBeLessThan(250_000);
    expect(JSON.stringify(setup.template().toJSON()).length).toBeLessThan(1_000_000);
  });

  test('every metric of the contract is shown, and of ours no other', () => {
    const { namespace, bucket, source, ...run } = METRICS;
    const { kept, deleted, bytesFreed, problems } = PRUNE_METRICS;
    const shown = body.widgets.flatMap(metricsOf).filter(([first]: Json[]) => first === namespace);
    const names = new Set(shown.map(([, name]: Json[]) => name));
    // What strange is, is told by email: as a number it says nothing.
    const { sizeDeviation, ...measured } = MEASURE_METRICS;
    expect(names).toEqual(
      new Set([...Object.values(run), ...Object.values(measured), ...[kept, deleted, bytesFreed, problems]]),
    );
    expect(names).not.toContain(sizeDeviation);
    const dimensions = new Set(
      shown.map((metric: Json[]) =>
        metric
          .slice(2, -1)
          .filter((_, at) => at % 2 === 0)
          .join(),
      ),
    );
    expect(dimensions).toEqual(new Set([bucket, `${bucket},${source}`]));
  });
});

describe('without Backups', () => {
  test('backups that stand alone are shown, without what only Backups knows', () => {
    const setup = new Setup();
    const shop = setup.add();
    const dashboard = new BackupDashboard(setup.stack, 'Dashboard', { sources: [shop] });
    dashboard.addSource(setup.add({ image: READY_IMAGE }, 'Accounts'));
    dashboard.addSource(shop);
    const titles: string[] = bodyOf(setup).widgets.map(titleOf);
    expect(titles.filter((title) => title.endsWith(': runs'))).toEqual(['accounts: runs', 'shop: runs']);
    expect(titles).not.toContain('Starts that went wrong');
  });

  test('nothing to show is refused', () => {
    const setup = new Setup();
    new BackupDashboard(setup.stack, 'Dashboard', {});
    expect(() => setup.template()).toThrow(
      'a dashboard needs something to show, got: nothing: give backups or sources',
    );
  });
});

test('a dashboard in another Region, which would stay empty, is refused', () => {
  const setup = new Setup({ env: { region: 'eu-west-1' } });
  const backups = setup.create();
  const dashboard = (stack: Stack) => new BackupDashboard(stack, 'Dashboard', { backups }).node.validate();
  expect(dashboard(new Stack(setup.app, 'Far', { env: { region: 'us-east-1' } }))).toEqual([
    'a dashboard must be in the Region of what it shows, got: one in us-east-1 for Stack/Backups in eu-west-1: make it in a stack in eu-west-1',
  ]);
  for (const env of [{ region: 'eu-west-1' }, {}]) {
    expect(dashboard(new Stack(setup.app, `Near${env.region ?? ''}`, { env }))).toEqual([]);
  }
});

test('of more sources than a list of alarms holds each is in one', () => {
  const setup = new Setup();
  const shop = setup.add();
  const dashboard = new BackupDashboard(setup.stack, 'Dashboard', { backups: setup.backups });
  for (let index = 1; index <= 120; index++) dashboard.addSource(Object.create(shop) as typeof shop);
  const { widgets } = bodyOf(setup);
  const lists = widgets.filter((widget: Json) => titleOf(widget).startsWith('Silent:'));
  expect(lists.map(({ properties }: Json) => properties.alarms.length)).toEqual([100, 21]);
  expect(widgets).toHaveLength(13 + 121 * 4);
  expect(lists.map(({ x, width }: Json) => [x, width])).toEqual([
    [0, 8],
    [8, 8],
  ]);
});

test('more sources than a dashboard holds are refused', () => {
  const setup = new Setup();
  const shop = setup.add();
  const dashboard = new BackupDashboard(setup.stack, 'Dashboard', { backups: setup.backups });
  // The names do not matter to the count, and 122 databases take their time.
  for (let index = 1; index <= 121; index++) dashboard.addSource(Object.create(shop) as typeof shop);
  expect(dashboard.node.validate()).toEqual([
    'a dashboard of CloudWatch must have at most 500 widgets and 2500 metrics, which are 121 sources, got: 122: use several, each with some of the sources',
  ]);
});
