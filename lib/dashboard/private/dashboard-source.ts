import type { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { MEASURE_METRICS } from '../../../catalog/contract/task';
import type { DatabaseBackup } from '../../backup/database-backup';
import { DAY, HOUR, math, runs } from './dashboard-metrics';

const WIDTH = 6;
const HEIGHT = 5;

/** `1.5`, but `26` rather than `26.0`. */
const rounded = (number: number): number => Math.round(number * 10) / 10;

/** Row of a source. Every title begins with its name, by which readers search 60 rows. */
export function sourceRow(backup: DatabaseBackup, period: Duration): cloudwatch.IWidget[] {
  const titled = (what: string) => ({ title: `${backup.sourceName}: ${what}`, width: WIDTH, height: HEIGHT });
  return [
    ageGraph(backup, period, titled('hours since the newest backup')),
    runsGraph(backup, period, titled('runs')),
    sizeGraph(backup, period, titled('size and minutes of a run')),
    provenGraph(backup, period, titled),
  ];
}

/** Widgets of a row. */
export const ROW_WIDGETS = 4;

/** Metrics of a row and of its source at the top, expressions included. */
export const ROW_METRICS = 15;

/** Title and size of a graph. */
type Frame = Pick<cloudwatch.GraphWidgetProps, 'title' | 'width' | 'height'>;

/** Axes begin at zero: one that begins at the lowest value makes every saw-tooth look like a mountain. */
const fromZero = (label: string): cloudwatch.YAxisProps => ({ min: 0, label, showUnits: false });

/** A red line that a graph should stay below. */
const limit = (what: string, value: number, unit: string): cloudwatch.HorizontalAnnotation => ({
  ...{ value, label: `${what}: ${rounded(value)} ${unit}`, color: cloudwatch.Color.RED },
});

function ageGraph(backup: DatabaseBackup, period: Duration, frame: Frame): cloudwatch.GraphWidget {
  const allowed = backup.allowedAge.toHours({ integral: false });
  const { recoveryPointSeconds: point } = backup._limits;
  return new cloudwatch.GraphWidget({
    ...frame,
    left: [math(`age/${HOUR}`, { age: backup.metricAge({ period }) }, { label: 'age', period })],
    leftYAxis: fromZero('hours'),
    leftAnnotations: [
      { ...limit('allowed', allowed, 'h'), fill: cloudwatch.Shading.ABOVE },
      ...(point === undefined ? [] : [limit('objective', point / HOUR, 'h')]),
    ],
  });
}

function runsGraph(backup: DatabaseBackup, period: Duration, frame: Frame): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({
    ...frame,
    left: runs(backup, period),
    leftYAxis: fromZero('runs'),
  });
}

function sizeGraph(backup: DatabaseBackup, period: Duration, frame: Frame): cloudwatch.GraphWidget {
  const duration = backup.metricDuration({ period });
  return new cloudwatch.GraphWidget({
    ...frame,
    left: [backup.metricSize({ period, label: 'size' })],
    leftYAxis: fromZero('bytes stored'),
    right: [math('duration/60', { duration }, { label: 'minutes', period })],
    rightYAxis: fromZero('minutes'),
  });
}

/** Nothing writes recovery times of a source without an objective: they cost money. */
function provenGraph(
  backup: DatabaseBackup,
  period: Duration,
  titled: (what: string) => Frame,
): cloudwatch.GraphWidget {
  const { provenAgeSeconds, recoveryTimeSeconds: objective } = backup._limits;
  const metric = (name: string) => backup.metric(name, { period });
  const { provenAge, recoveryTime } = MEASURE_METRICS;
  return new cloudwatch.GraphWidget({
    ...titled(`days since the newest proof${objective === undefined ? '' : ', minutes of a restore'}`),
    left: [math(`proof/${DAY}`, { proof: metric(provenAge) }, { label: 'age', period })],
    leftYAxis: fromZero('days'),
    leftAnnotations: provenAgeSeconds === undefined ? [] : [limit('allowed', provenAgeSeconds / DAY, 'd')],
    ...(objective !== undefined && {
      right: [math('recovery/60', { recovery: metric(recoveryTime) }, { label: 'minutes', period })],
      rightYAxis: fromZero('minutes'),
      rightAnnotations: [limit('objective', objective / 60, 'min')],
    }),
  });
}
