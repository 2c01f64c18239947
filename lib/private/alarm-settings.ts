import type { IConstruct } from 'constructs';
import type { AlarmedSource, AlarmSettings as Content, SizeBounds } from '../../catalog/alarms';
import { ALARM_SETTINGS_FORMAT } from '../../catalog/alarms';
import { requireParameter } from './parameter-text';

type Fixed = Omit<Content, 'formatVersion' | 'families' | 'logGroups' | 'sizeBounds' | 'sources'>;

/** What is set for a source, before it is shared by number. */
export type Alarmed = Omit<AlarmedSource, 'family' | 'logGroup' | 'sizeBounds'> & {
  readonly familyPrefix: string;
  readonly logGroupName: string;
  readonly sizeBounds?: SizeBounds;
};

/** The settings of the sources that one construct watches, as the handlers read them. */
export class AlarmSettings {
  /** What task families begin with. */
  readonly families: string[] = [];
  private readonly logGroups: string[] = [];
  private readonly sizeBounds: SizeBounds[] = [];
  private readonly sources: Record<string, AlarmedSource> = {};

  constructor(private readonly fixed: Fixed) {}

  add(scope: IConstruct, source: string, alarmed: Alarmed): void {
    const { familyPrefix, logGroupName, sizeBounds, off, ...ages } = alarmed;
    this.sources[source] = {
      family: indexOf(this.families, familyPrefix),
      logGroup: indexOf(this.logGroups, logGroupName),
      ...ages,
      ...(sizeBounds && { sizeBounds: indexOf(this.sizeBounds, sizeBounds) }),
      ...(off && off.length > 0 && { off }),
    };
    requireParameter(scope, this.content, {
      what: 'settings of the alarms',
      count: Object.keys(this.sources).length,
      advice: 'let sources share sizeBounds, or use another BackupAlarms or Backups',
    });
  }

  get content(): Content {
    const { families, logGroups, sizeBounds, sources } = this;
    return { formatVersion: ALARM_SETTINGS_FORMAT, ...this.fixed, families, logGroups, sizeBounds, sources };
  }
}

/** Index of an item, which is added if it is new. */
function indexOf<T>(list: T[], item: T): number {
  const known = list.findIndex((one) => JSON.stringify(one) === JSON.stringify(item));
  return known >= 0 ? known : list.push(item) - 1;
}
