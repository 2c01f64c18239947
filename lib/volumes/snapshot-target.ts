import type { IConstruct } from 'constructs';
import type { BoundSnapshotTarget } from './private/dlm-target';
import { dlmTags } from './private/dlm-checks';

/** Which volumes. */
export interface VolumeTargetOptions {
  /**
   * Tags: every volume of the account and Region that carries any of them. 1 to 50.
   *
   * @default - a tag of this construct's own, which `protect` sets
   */
  readonly tags?: { [key: string]: string };
}

/** Which instances, and which of their volumes. */
export interface InstanceTargetOptions {
  /**
   * Tags: every instance of the account and Region that carries any of them. 1 to 50.
   *
   * @default - a tag of this construct's own, which `protect` sets
   */
  readonly tags?: { [key: string]: string };

  /**
   * Leaves out the boot volume.
   *
   * @default false
   */
  readonly excludeBootVolume?: boolean;

  /**
   * Leaves out data volumes that carry any of these tags. 1 to 50.
   *
   * @default - all data volumes
   */
  readonly excludeDataVolumeTags?: { [key: string]: string };
}

/** What Data Lifecycle Manager takes snapshots of. */
export class SnapshotTarget {
  /** Volumes, each by itself. */
  public static volumes(options: VolumeTargetOptions = {}): SnapshotTarget {
    return new SnapshotTarget('VOLUME', options);
  }

  /** Instances: snapshots of all volumes of an instance, of the same moment. */
  public static instances(options: InstanceTargetOptions = {}): SnapshotTarget {
    return new SnapshotTarget('INSTANCE', options);
  }

  private constructor(
    private readonly resourceType: 'VOLUME' | 'INSTANCE',
    private readonly options: InstanceTargetOptions,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct, ownTag: { [key: string]: string }): BoundSnapshotTarget {
    const { tags, excludeBootVolume, excludeDataVolumeTags } = this.options;
    const excluded = excludeDataVolumeTags && dlmTags(scope, 'excludeDataVolumeTags', excludeDataVolumeTags, 1, 50);
    return {
      resourceType: this.resourceType,
      tags: dlmTags(scope, 'tags of the target', tags ?? ownTag, 1, 50),
      ownTag: tags === undefined,
      parameters:
        excludeBootVolume === undefined && excluded === undefined
          ? undefined
          : { excludeBootVolume, excludeDataVolumeTags: excluded },
    };
  }
}
