import type { Notification } from '../../../catalog/contract/notification';

/** Where and when an email is written. */
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

/** What is published at once. */
export interface Composed {
  readonly notification: Notification;
  /** Body of the email. */
  readonly text: string;
}
