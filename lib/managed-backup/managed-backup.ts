import { Duration, Names, Stack } from 'aws-cdk-lib';
import * as backup from 'aws-cdk-lib/aws-backup';
import * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { requireNoAlarmProps } from '../alarms/private/alarm-source';
import { allowedAgeOf } from '../backup/private/allowed-age';
import type { BoundSchedule } from '../backup/private/bound-schedule';
import { registerSource, sourceNameOf } from '../backup/private/source-registry';
import { requireKey } from '../bucket/private/key';
import { fault, requireProps, requireRange, secondsOf } from '../private/fault';
import { zoneNameOf } from '../private/lookup';
import { RETAINED } from '../private/retained';
import { requireSourceName } from '../private/source-name';
import { Retention } from '../pruning/retention';
import type { ManagedBackupProps } from './managed-backup-props';
import type { JobWindows, ManagedRule } from './private/managed-rules';
import { managedRules } from './private/managed-rules';
import type { BoundManagedResource } from './private/managed-role';
import { managedRole } from './private/managed-role';
import { daysOf, requireWithin } from './private/vault-lock-days';

/** A resource with the name of its source. */
type NamedResource = BoundManagedResource & { readonly sourceName: string };

/**
 * Backups of file systems of EFS and buckets of S3 as a whole, by AWS Backup: incremental, and away from the resource. They are
 * not proven: test by hand that a restore works.
 */
export class ManagedBackup extends Construct {
  /** Names of the sources, in the order of the resources. */
  public readonly sourceNames: string[];
  /** The vault of the backups. */
  public readonly vault: backup.IBackupVault;
  /** Key of the vault, if it is known. */
  public readonly encryptionKey?: kms.IKey;
  /** The plan. */
  public readonly plan: backup.BackupPlan;
  /** Role of AWS Backup. It outlives the stack, as the vault does. */
  public readonly role: iam.IRole;
  /** Allowed age of the newest backup of each resource. */
  public readonly allowedAge: Duration;

  constructor(scope: Construct, id: string, props: ManagedBackupProps) {
    super(scope, id);
    requireProps(this, props, { resources: true, schedule: true });
    const { alarms, retention = Retention.oneYear(), copyTo = [] } = props;
    if (alarms && Stack.of(alarms) !== Stack.of(this)) {
      fault(
        this,
        `alarms must be of the same stack, got: ${alarms.node.path}, which would need this stack: create the ManagedBackup in ${Stack.of(alarms).node.path}`,
      );
    }
    const resources = this.namedResources(props);
    this.sourceNames = resources.map(({ sourceName }) => sourceName);
    const { timeZone } = props.schedule._options;
    const bound = this.boundSchedule(props);
    const windows = this.windowsOf(props);
    const rules = managedRules(this, bound, zoneNameOf(timeZone), retention._bind(this), windows);
    if (rules.length > 1) this.requireShort(windows.startWindow, bound);
    this.requireAge(props, bound, windows.startWindow);
    this.allowedAge = allowedAgeOf(
      this,
      props.allowedAge,
      { ...bound, flexibleWindow: windows.startWindow, maxEventAgeSeconds: 0 },
      windows.completionWindow.toSeconds(),
    );

    requireKey(this, 'encryptionKey', props.encryptionKey);
    [this.vault, this.encryptionKey] = this.vaultOf(props, rules);
    for (const copy of copyTo) requireProps(this, copy, { vault: true }, 'copyTo.');
    const copies = copyTo.map(({ vault }) => vault);
    const role = managedRole(this, resources, { vault: this.vault, key: this.encryptionKey, copies });
    this.role = role;
    const copyActions = (days: number | undefined) =>
      copyTo.map(({ vault, retention: kept }) => {
        const keptDays = kept ? daysOf(this, 'retention of copyTo', kept, 1) : days;
        return {
          destinationBackupVault: vault,
          ...(keptDays !== undefined && { deleteAfter: Duration.days(keptDays) }),
        };
      });
    this.plan = new backup.BackupPlan(this, 'Plan', {
      // AWS Backup refuses a second plan of the same name and rules.
      backupPlanName: Names.uniqueResourceName(this, { maxLength: 50 }),
      backupVault: this.vault,
      backupPlanRules: rules.map(
        ({ name, cron, deleteAfterDays: days }) =>
          new backup.BackupPlanRule({
            ruleName: name,
            scheduleExpression: events.Schedule.expression(cron),
            ...(timeZone && { scheduleExpressionTimezone: timeZone }),
            ...windows,
            ...(days !== undefined && { deleteAfter: Duration.days(days) }),
            ...(copyTo.length > 0 && { copyActions: copyActions(days) }),
          }),
      ),
    });
    this.plan.addSelection('Resources', {
      role,
      disableDefaultBackupPolicy: true,
      resources: resources.map(({ arn }) => backup.BackupResource.fromArn(arn)),
    });
    this.watch(props, resources, windows.completionWindow);
  }

  private namedResources({ resources, alarms }: ManagedBackupProps): NamedResource[] {
    if (resources.length === 0) fault(this, 'resources must be 1 or more, got: none: give what is backed up');
    const own = sourceNameOf(this.node.id);
    return resources.map((resource) => {
      const bound = resource._bind(this);
      const sourceName = bound.sourceName ?? (resources.length === 1 ? own : `${own}-${sourceNameOf(bound.id)}`);
      if (alarms) registerSource(this, alarms.bucket, sourceName);
      else requireSourceName(this, 'sourceName', sourceName, ': give another one in sourceName');
      return { ...bound, sourceName };
    });
  }

  /** The schedule, without what only EventBridge Scheduler knows. */
  private boundSchedule({ schedule }: ManagedBackupProps): BoundSchedule {
    const { flexibleWindow, retryAttempts, maxEventAge } = schedule._options;
    const given = Object.entries({ flexibleWindow, retryAttempts, maxEventAge }).find(
      ([, value]) => value !== undefined,
    );
    if (given) {
      fault(this, `${given[0]} of the schedule must be left out: AWS Backup does not know it; use startWindow`);
    }
    return schedule._bind(this);
  }

  private windowsOf(props: ManagedBackupProps): JobWindows {
    const { startWindow = Duration.hours(8), completionWindow = Duration.days(1) } = props;
    const minutes = (what: string, duration: Duration, from: number): number => {
      const value = secondsOf(this, what, duration)! / 60;
      requireRange(this, what, value, { from, to: 100 * 366 * 1440, unit: 'minutes' });
      return value;
    };
    minutes('completionWindow', completionWindow, minutes('startWindow', startWindow, 60) + 60);
    return { startWindow, completionWindow };
  }

  /** A job of one rule would still wait when those of the others begin. */
  private requireShort(startWindow: Duration, { expressionString, shortestGap }: BoundSchedule): void {
    if (startWindow.toSeconds() < shortestGap!) return;
    fault(
      this,
      `startWindow must be shorter than the shortest time between two runs of ${expressionString}, ${shortestGap} seconds, got: ${startWindow.toSeconds()} seconds: shorten it, or use a retention of one rule, such as Retention.days(30)`,
    );
  }

  /** The age runs from when a job begins until the next one has ended. */
  private requireAge(
    { allowedAge }: ManagedBackupProps,
    { expressionString, longestGap }: BoundSchedule,
    startWindow: Duration,
  ): void {
    const age = secondsOf(this, 'allowedAge', allowedAge);
    const least = longestGap! + startWindow.toSeconds();
    if (age === undefined || age > least) return;
    fault(
      this,
      `allowedAge must be longer than the longest time between two runs of ${expressionString} and startWindow, ${least} seconds, got: ${age} seconds: lengthen it, or shorten startWindow`,
    );
  }

  private vaultOf(
    { vault, encryptionKey, vaultLock }: ManagedBackupProps,
    rules: readonly ManagedRule[],
  ): [backup.IBackupVault, kms.IKey | undefined] {
    const lock = vaultLock?._bind(this);
    if (vault) {
      if (lock)
        fault(this, `vaultLock needs a vault of this construct, got: ${vault.node.path}: lock it where it is created`);
      return [vault, encryptionKey];
    }
    if (lock) requireWithin(this, lock, rules);
    const key =
      encryptionKey ??
      new kms.Key(this, 'Key', {
        description: 'Encrypts backups of AWS Backup',
        enableKeyRotation: true,
        removalPolicy: RETAINED,
      });
    const created = new backup.BackupVault(this, 'Vault', {
      encryptionKey: key,
      removalPolicy: RETAINED,
      blockRecoveryPointDeletion: true,
      ...(lock && {
        lockConfiguration: {
          minRetention: Duration.days(lock.min),
          ...(lock.max !== undefined && { maxRetention: Duration.days(lock.max) }),
          ...(lock.changeable !== undefined && { changeableFor: Duration.days(lock.changeable) }),
        },
      }),
    });
    return [created, key];
  }

  private watch(props: ManagedBackupProps, resources: readonly NamedResource[], completionWindow: Duration): void {
    const { alarms, allowedAge, signalsOff, copyTo = [] } = props;
    if (!alarms) return requireNoAlarmProps(this, { signalsOff });
    for (const { sourceName, arn } of resources) {
      alarms._watchManaged(new Construct(this, sourceName), {
        name: sourceName,
        resource: arn,
        vault: this.vault,
        plan: this.plan,
        copies: copyTo.map(({ vault }) => vault),
        allowedAge: this.allowedAge,
        ...(allowedAge === undefined && { timeoutSeconds: completionWindow.toSeconds() }),
        signalsOff,
      });
    }
  }
}
