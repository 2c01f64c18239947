/**
 * The longest that a retrieval by the tier `standard` takes, in seconds.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
 */
const RETRIEVAL: Readonly<Record<string, number>> = { GLACIER: 5 * 3600, DEEP_ARCHIVE: 12 * 3600 };

/** Seconds that a restore waits for an object of a storage class; 0 if it does not. */
export const retrievalSeconds = (storageClass: string | undefined): number =>
  Object.hasOwn(RETRIEVAL, storageClass ?? '') ? RETRIEVAL[storageClass!]! : 0;
