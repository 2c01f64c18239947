import type { IConstruct } from 'constructs';
import type { BoundSnapshotTarget } from './private/dlm-target';
import { dlmTags } from './private/dlm-checks';

/** Options of a target of volumes. */
export interface VolumeTargetOptions {
  /**
   * Tags of the volumes. Every volume of the account and Region with any of them is included. 1 to 50.
   *
   * @default - a tag of this construct, which `protect` adds
   */
  readonly tags?: { [key: string]: string };
}

/** Options of a target of instances. */
export interface InstanceTargetOptions {
  /**
   * Tags of the instances. Every instance of the account and Region with any of them is included. 1 to 50.
   *
   * @default - a tag of this construct, which `protect` adds
   */
  readonly tags?: { [key: string]: string };

  /**
   * Whether the boot volume is left out.
   *
   * @default false
   */
  readonly excludeBootVolume?: boolean;

  /**
   * Tags of data volumes to leave out. Every data volume with any of them is left out. 1 to 50.
   *
   * @default - no data volume is left out
   */
  readonly excludeDataVolumeTags?: { [key: string]: string };
}

/** Target of Data Lifecycle Manager. */
export class SnapshotTarget {
  /** Makes snapshots of single volumes. */
  public static volumes(options: VolumeTargetOptions = {}): SnapshotTarget {
    return new SnapshotTarget('VOLUME', options);
  }

  /** Makes snapshots of all volumes of an instance at the same moment. */
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
