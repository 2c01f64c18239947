import type { Notification } from '../../../catalog/contract/notification';

/** Account, Region, bucket and time of an email. */
export interface Place {
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly now: Date;
}

/** A notification and the text of its email. */
export interface Composed {
  readonly notification: Notification;
  /** Body of the email. */
  readonly text: string;
}
