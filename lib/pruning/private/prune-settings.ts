import type { IConstruct } from 'constructs';
import type { BucketSettings, SourceSettings } from '../../../catalog/contract/handlers';
import { SETTINGS_FORMAT } from '../../../catalog/contract/handlers';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import { indexOf, requireParameter } from '../../private/parameter-text';

type FixedPruneSettings = Omit<BucketSettings, 'formatVersion' | 'retentions' | 'sources'>;

/** The settings of the sources of one pruning, as the handlers read them. */
export class PruneSettings {
  private readonly retentions: RetentionPolicy[] = [];
  private readonly sources: Record<string, SourceSettings> = {};

  constructor(private readonly fixed: FixedPruneSettings) {}

  add(scope: IConstruct, source: string, policy: RetentionPolicy, allowedAgeSeconds: number): void {
    this.sources[source] = { retention: indexOf(this.retentions, policy), allowedAgeSeconds };
    requireParameter(scope, this.content, {
      what: 'settings of the pruning',
      count: Object.keys(this.sources).length,
      advice: 'let sources share retentions, or use another BackupPruning or Backups',
    });
  }

  get content(): BucketSettings {
    const { fixed, retentions, sources } = this;
    return { formatVersion: SETTINGS_FORMAT, ...fixed, retentions, sources };
  }
}
