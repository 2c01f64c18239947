import type { Digest as Often } from '../catalog/alarms';
import type { DailyScheduleOptions, WeeklyScheduleOptions } from './backup-schedule';
import { BackupSchedule } from './backup-schedule';

/** Emails about backups that went well. */
export class Digest {
  /** None: only what goes wrong is told, and when it is well again. */
  public static off(): Digest {
    return new Digest('off');
  }

  /** One for each backup, when it is complete. Backups that complete within the same minute share it. */
  public static each(): Digest {
    return new Digest('each');
  }

  /** One a day, with all sources. */
  public static daily(options: DailyScheduleOptions): Digest {
    return new Digest('daily', BackupSchedule.daily(options));
  }

  /** One a week, with all sources. */
  public static weekly(options: WeeklyScheduleOptions): Digest {
    return new Digest('weekly', BackupSchedule.weekly(options));
  }

  private constructor(
    /** @internal */
    public readonly _often: Often,
    /** @internal */
    public readonly _schedule?: BackupSchedule,
  ) {}
}
