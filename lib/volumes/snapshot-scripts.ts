import type { Duration } from 'aws-cdk-lib';
import type { CfnLifecyclePolicy } from 'aws-cdk-lib/aws-dlm';
import type { IConstruct } from 'constructs';
import { requireCount, requireDistinct, requireNumber } from './private/dlm-checks';
import { fault, secondsOf } from '../private/fault';
import { isUnknown } from '../private/lookup';

/** Stages of scripts. */
export enum SnapshotScriptStage {
  /** Before the snapshot. */
  PRE = 'PRE',
  /** After the snapshot was started. */
  POST = 'POST',
}

/** Options of all scripts. */
export interface VssScriptOptions {
  /**
   * How often failed scripts are retried. 0 to 3.
   *
   * @default 0
   */
  readonly maximumRetryCount?: number;

  /**
   * Whether a crash-consistent snapshot is made when the script before it fails.
   *
   * @default true
   */
  readonly executeOperationOnScriptFailure?: boolean;
}

/** Options of scripts in a document of Systems Manager. */
export interface SnapshotScriptOptions extends VssScriptOptions {
  /**
   * Stages that run.
   *
   * @default - both: before and after the snapshot
   */
  readonly stages?: SnapshotScriptStage[];

  /**
   * Longest duration of each script. 10 to 120 seconds.
   *
   * @default Duration.seconds(10)
   */
  readonly timeout?: Duration;
}

/** Scripts that make a snapshot consistent. Systems Manager runs them on the instance. */
export class SnapshotScripts {
  /**
   * Runs your own scripts. Data Lifecycle Manager runs the document with the parameters `command` (`pre-script`, then
   * `post-script`) and `executionId`.
   *
   * @param document name of the document, or its ARN if another account shares it
   */
  public static document(document: string, options: SnapshotScriptOptions = {}): SnapshotScripts {
    return new SnapshotScripts(document, document, options);
  }

  /** Freezes an SAP HANA database with AWS's document. */
  public static sapHana(options: SnapshotScriptOptions = {}): SnapshotScripts {
    const document = 'AWSSystemsManagerSAP-CreateDLMSnapshotForSAPHANA';
    return new SnapshotScripts(document, document, options, true);
  }

  /** Uses the Volume Shadow Copy Service (VSS) of Windows, for applications such as SQL Server. */
  public static vss(options: VssScriptOptions = {}): SnapshotScripts {
    return new SnapshotScripts('AWS_VSS_BACKUP', 'AWSEC2-CreateVssSnapshot', options, true);
  }

  private constructor(
    private readonly executionHandler: string,
    /**
     * Name or ARN of the document.
     *
     * @internal
     */
    public readonly _document: string,
    private readonly options: SnapshotScriptOptions,
    /** @internal */
    public readonly _ownedByAws = false,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct): CfnLifecyclePolicy.ScriptProperty {
    const { executionHandler, options } = this;
    const { maximumRetryCount = 0, stages, timeout, executeOperationOnScriptFailure } = options;
    if (!isUnknown(executionHandler) && !/^([\w.-]{3,128}|arn:[\w.:/-]{3,196})$/.test(executionHandler)) {
      fault(
        scope,
        `document of the scripts must be a name of 3 to 128 letters, digits, _, - and ., or an ARN, got: "${executionHandler}"`,
      );
    }
    requireNumber(scope, 'maximumRetryCount of the scripts', maximumRetryCount, { from: 0, to: 3 });
    if (stages !== undefined) {
      requireCount(scope, 'stages of the scripts', stages, 1, 2);
      requireDistinct(scope, 'stages of the scripts', stages);
      if (!stages.includes(SnapshotScriptStage.PRE) && executeOperationOnScriptFailure !== undefined) {
        fault(
          scope,
          `executeOperationOnScriptFailure is for scripts before the snapshot, got: stages without PRE: leave it out`,
        );
      }
    }
    const seconds = secondsOf(scope, 'timeout of the scripts', timeout);
    if (seconds !== undefined) {
      requireNumber(scope, 'timeout of the scripts', seconds, { from: 10, to: 120, unit: 'seconds' });
    }
    const vss = executionHandler === 'AWS_VSS_BACKUP';
    return {
      executionHandler,
      executionHandlerService: vss ? undefined : 'AWS_SYSTEMS_MANAGER',
      executionTimeout: seconds,
      maximumRetryCount,
      executeOperationOnScriptFailure,
      stages,
    };
  }
}
