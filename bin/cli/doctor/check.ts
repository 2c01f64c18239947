/** A check: what it asks, and how it judges the answers. */
import type { Deployment } from './deployment';
import type { Finding, Thing } from './finding';
import { judgeEach } from './finding';

/** Questions about a deployment that several checks ask. */
type Question = 'tasks' | 'allTasks' | 'secrets' | 'secretKeys' | 'logGroups' | 'functions' | 'schedules' | 'topicKeys';

/** A check. */
export interface Check {
  /** Its name, for `--skip`: `bucket-policy`. */
  readonly id: string;
  /** What is so if all is well, in a sentence. */
  readonly title: string;
  /** Questions on whose answers it builds: without one of them it is not complete. */
  readonly needs?: readonly Question[];
  /** Asks AWS, and judges; finds nothing where there is nothing to check. */
  readonly run: (deployment: Deployment) => Promise<readonly Finding[]>;
}

/** Runs a check. What hangs on an unanswered question is not checked either. */
export async function runCheck({ needs = [], run }: Check, deployment: Deployment): Promise<Finding[]> {
  const things: Thing<unknown>[] = [];
  for (const question of needs) things.push(...(await deployment[question]()));
  return [...judgeEach(things, () => []), ...(await run(deployment))];
}
