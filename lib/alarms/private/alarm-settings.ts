import { Lazy, Stack } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct, IConstruct } from 'constructs';
import type {
  AlarmedPruning,
  AlarmedSource,
  AlarmedTesting,
  AlarmSettings as Content,
  SizeLimits,
  WrittenSource,
} from '../../../catalog/contract/alarms';
import { ALARM_SETTINGS_FORMAT, USUAL_SOURCE } from '../../../catalog/contract/alarms';
import { indexOf, requireParameter } from '../../private/parameter-text';

type Shared =
  | 'formatVersion'
  | 'families'
  | 'logGroups'
  | 'sizeBounds'
  | 'sources'
  | 'functionLogGroup'
  | 'prunings'
  | 'testings'
  | 'alarms';
type FixedAlarmSettings = Omit<Content, Shared> & { readonly functionLogGroupName: string };
type Written = Omit<Content, 'sources'> & { readonly sources: Readonly<Record<string, WrittenSource>> };

/** Settings of a source, before common parts are shared by number. */
export type Alarmed = Omit<AlarmedSource, 'family' | 'logGroup' | 'sizeBounds'> & {
  readonly familyPrefix: string;
  readonly logGroupName: string;
  readonly sizeBounds?: SizeLimits;
};

/** A pruning that is watched, before its log group is shared by number. */
export type WatchedPruning = Omit<AlarmedPruning, 'logGroup'> & { readonly logGroupName: string };

/** Restore tests that are watched, before their log group is shared by number. */
export type WatchedTesting = Omit<AlarmedTesting, 'logGroup'> & { readonly logGroupName: string };

/** The settings of the sources that one construct watches, as the handlers read them. */
export class AlarmSettingsWriter {
  /** Prefixes of the task families of sources. */
  private readonly families: string[] = [];
  private readonly logGroups: string[] = [];
  private readonly sizeBounds: SizeLimits[] = [];
  private readonly sources: Record<string, WrittenSource> = {};
  private readonly prunings: AlarmedPruning[] = [];
  private readonly testings: AlarmedTesting[] = [];
  private readonly alarms: string[] = [];
  private readonly fixed: Omit<Content, Exclude<Shared, 'functionLogGroup'>>;

  constructor({ functionLogGroupName, ...fixed }: FixedAlarmSettings) {
    this.fixed = { ...fixed, functionLogGroup: indexOf(this.logGroups, functionLogGroupName) };
  }

  add(scope: IConstruct, source: string, alarmed: Alarmed): void {
    const { familyPrefix, logGroupName, sizeBounds, off, ...ages } = alarmed;
    this.sources[source] = withoutUsual({
      family: indexOf(this.families, familyPrefix),
      logGroup: indexOf(this.logGroups, logGroupName),
      ...ages,
      ...(sizeBounds && { sizeBounds: indexOf(this.sizeBounds, sizeBounds) }),
      ...(off && off.length > 0 && { off }),
    });
    this.requireRoom(scope);
  }

  /** A source without tasks. */
  addManaged(scope: IConstruct, source: string, managed: WrittenSource): void {
    this.sources[source] = managed;
    this.requireRoom(scope);
  }

  addPruning(scope: IConstruct, { logGroupName, ...pruning }: WatchedPruning): void {
    this.prunings.push({ ...pruning, logGroup: indexOf(this.logGroups, logGroupName) });
    this.requireRoom(scope);
  }

  addTesting(scope: IConstruct, { logGroupName, ...testing }: WatchedTesting): void {
    this.testings.push({ ...testing, logGroup: indexOf(this.logGroups, logGroupName) });
    this.requireRoom(scope);
  }

  /** An alarm of something that may be removed while it is on. */
  addAlarm(scope: IConstruct, alarmName: string): void {
    this.alarms.push(alarmName);
    this.requireRoom(scope);
  }

  /** Prefixes of all task families that are watched. */
  get familyPrefixes(): string[] {
    return [...this.families, ...this.testings.map(({ familyPrefix }) => familyPrefix)];
  }

  /** The parameter that holds them, with what is added later. */
  parameterIn(scope: Construct, parameterName: string): ssm.StringParameter {
    return new ssm.StringParameter(scope, 'Settings', {
      parameterName,
      simpleName: false,
      description: 'What is watched',
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
      stringValue: Lazy.string({ produce: () => Stack.of(scope).toJsonString(this.content) }),
    });
  }

  get content(): Written {
    const { families, logGroups, sizeBounds, sources, prunings, testings, alarms, fixed } = this;
    const watched = { ...(prunings.length > 0 && { prunings }), ...(testings.length > 0 && { testings }) };
    return {
      formatVersion: ALARM_SETTINGS_FORMAT,
      ...fixed,
      families,
      logGroups,
      sizeBounds,
      sources,
      alarms,
      ...watched,
    };
  }

  private requireRoom(scope: IConstruct): void {
    requireParameter(scope, this.content, {
      what: 'settings of the alarms',
      count: Object.keys(this.sources).length,
      advice: 'let sources share sizeBounds, or use another BackupAlarms or Backups',
    });
  }
}

const withoutUsual = (source: AlarmedSource): WrittenSource => {
  const usual = new Map<string, unknown>(Object.entries(USUAL_SOURCE));
  return Object.fromEntries(
    Object.entries(source).filter(([key, value]) => !usual.has(key) || usual.get(key) !== value),
  ) as unknown as WrittenSource;
};
