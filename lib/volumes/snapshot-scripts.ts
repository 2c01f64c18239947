import type { Duration } from 'aws-cdk-lib';
import { Token } from 'aws-cdk-lib';
import type { CfnLifecyclePolicy } from 'aws-cdk-lib/aws-dlm';
import type { IConstruct } from 'constructs';
import { requireCount, requireDistinct, requireNumber } from './private/dlm-checks';
import { fault, secondsOf } from '../private/fault';

/** When scripts run. */
export enum SnapshotScriptStage {
  /** Before the snapshot. */
  PRE = 'PRE',
  /** After the snapshot was begun. */
  POST = 'POST',
}

/** What holds for all scripts. */
export interface VssScriptOptions {
  /**
   * How often scripts that failed are tried again. 0 to 3.
   *
   * @default 0
   */
  readonly maximumRetryCount?: number;

  /**
   * Whether there is a snapshot, though only crash-consistent, when the script before it failed.
   *
   * @default true
   */
  readonly executeOperationOnScriptFailure?: boolean;
}

/** Options of scripts in a document of Systems Manager. */
export interface SnapshotScriptOptions extends VssScriptOptions {
  /**
   * Which of the scripts run.
   *
   * @default - both: before and after
   */
  readonly stages?: SnapshotScriptStage[];

  /**
   * How long each script may take. 10 to 120 seconds.
   *
   * @default Duration.seconds(10)
   */
  readonly timeout?: Duration;
}

/** Scripts that make a snapshot consistent: they run on the instance, by way of Systems Manager. */
export class SnapshotScripts {
  /**
   * Scripts of your own. Data Lifecycle Manager calls the document with the parameter `command` (`pre-script`, then
   * `post-script`) and the parameter `executionId`.
   *
   * @param document name of the document, or its ARN if another account shares it
   */
  public static document(document: string, options: SnapshotScriptOptions = {}): SnapshotScripts {
    return new SnapshotScripts(document, document, options);
  }

  /** Freezes an SAP HANA database, with AWS's own document. */
  public static sapHana(options: SnapshotScriptOptions = {}): SnapshotScripts {
    const document = 'AWSSystemsManagerSAP-CreateDLMSnapshotForSAPHANA';
    return new SnapshotScripts(document, document, options, true);
  }

  /** Volume Shadow Copy Service: Windows, and what runs on it and knows VSS, such as SQL Server. */
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
    if (!Token.isUnresolved(executionHandler) && !/^([\w.-]{3,128}|arn:[\w.:/-]{3,196})$/.test(executionHandler)) {
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
