import type { TimeZone } from 'aws-cdk-lib';
import type { DigestFrequency } from '../../catalog/contract/alarms';
import type { DailyScheduleOptions, WeeklyScheduleOptions } from '../backup/backup-schedule';
import { BackupSchedule } from '../backup/backup-schedule';

/** Emails about backups that went well. */
export class Digest {
  /** None: you hear of problems only, and of their end. */
  public static off(): Digest {
    return new Digest('off');
  }

  /** One for each backup, when it is complete. Backups that complete within the same minute share it. */
  public static each(): Digest {
    return new Digest('each');
  }

  /** One a day, with all sources. Without `timeZone`, in that of the alarms. */
  public static daily(options: DailyScheduleOptions): Digest {
    return new Digest('daily', (zone) => BackupSchedule.daily({ ...options, timeZone: options.timeZone ?? zone }));
  }

  /** One a week, with all sources. Without `timeZone`, in that of the alarms. */
  public static weekly(options: WeeklyScheduleOptions): Digest {
    return new Digest('weekly', (zone) => BackupSchedule.weekly({ ...options, timeZone: options.timeZone ?? zone }));
  }

  private constructor(
    /** @internal */
    public readonly _frequency: DigestFrequency,
    private readonly schedule?: (timeZone: TimeZone | undefined) => BackupSchedule,
  ) {}

  /**
   * The schedule, if it is sent at certain times.
   *
   * @internal
   */
  public _bind(timeZone: TimeZone | undefined): BackupSchedule | undefined {
    return this.schedule?.(timeZone);
  }
}
