/** Names of buckets and sources, as they are typed. */
import { sourceNameFault } from '../../catalog/bucket/names';
import { UsageError } from './print/output';

/** @throws UsageError */
export function readBucket(text: string): string {
  if (/^[\w.-]{3,255}$/.test(text)) return text;
  throw new UsageError(
    `--bucket must be the name of a bucket, such as shop-backups, got: ${JSON.stringify(text)}: leave out s3:// and folders`,
  );
}

/** @throws UsageError */
export function readSource(text: string): string {
  const wrong = sourceNameFault(text);
  if (wrong !== undefined) throw new UsageError(wrong);
  return text;
}
