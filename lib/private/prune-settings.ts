import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { BucketSettings, SourceSettings } from '../../catalog/handlers';
import { SETTINGS_FORMAT } from '../../catalog/handlers';
import type { RetentionPolicy } from '../../catalog/retention-policy';
import { fault } from './fault';

/** What a parameter of Systems Manager holds. */
const MAX_LENGTH = 8192;
/** The longest that the name of a bucket or of a function, which is known when it is deployed only, can be. */
const LONGEST_NAME = 'n'.repeat(64);

type Fixed = Omit<BucketSettings, 'formatVersion' | 'retentions' | 'sources'>;

/** The settings of the sources of one pruning, as the handlers read them. */
export class PruneSettings {
  private readonly retentions: RetentionPolicy[] = [];
  private readonly sources: Record<string, SourceSettings> = {};

  constructor(private readonly fixed: Fixed) {}

  add(scope: IConstruct, source: string, policy: RetentionPolicy, allowedAgeSeconds: number): void {
    this.sources[source] = { retention: this.indexOf(policy), allowedAgeSeconds };
    const { length } = JSON.stringify(this.content, (_, value: unknown) =>
      typeof value === 'string' && Token.isUnresolved(value) ? LONGEST_NAME : value,
    );
    if (length > MAX_LENGTH) {
      const count = Object.keys(this.sources).length;
      fault(
        scope,
        `settings of the pruning must be at most ${MAX_LENGTH} characters, which a parameter of Systems Manager holds, got: ${length} with ${count} sources: let sources share retentions, or use another BackupPruning or Backups`,
      );
    }
  }

  get content(): BucketSettings {
    return { formatVersion: SETTINGS_FORMAT, ...this.fixed, retentions: this.retentions, sources: this.sources };
  }

  /** Sources with the same retention share it. */
  private indexOf(policy: RetentionPolicy): number {
    const known = this.retentions.findIndex((one) => JSON.stringify(one) === JSON.stringify(policy));
    return known >= 0 ? known : this.retentions.push(policy) - 1;
  }
}
