/** A check: what it asks, and how it judges the answers. */
import type { Deployment } from './deployment';
import type { Finding } from './finding';

/** A check. */
export interface Check {
  /** Its name, for `--skip`: `bucket-policy`. */
  readonly id: string;
  /** What is so if all is well, in a sentence. */
  readonly title: string;
  /** Asks AWS, and judges; finds nothing where there is nothing to check. */
  readonly run: (deployment: Deployment) => Promise<Finding[]>;
}

/**
 * Puts a check together.
 *
 * @param read asks AWS
 * @param judge judges the answers, and nothing else
 */
export const check = <F>(
  id: string,
  title: string,
  read: (deployment: Deployment) => Promise<F>,
  judge: (facts: F) => Finding[],
): Check => ({ id, title, run: async (deployment) => judge(await read(deployment)) });
