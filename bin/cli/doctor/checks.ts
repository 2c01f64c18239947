/** All checks, in the order in which they are shown. */
import type { Check } from './check';
import { events, functions, subscriptions } from './checks/alarms';
import { encryption, lifecycle, publicAccess, versioning } from './checks/bucket';
import { bucketPolicy } from './checks/bucket-policy';
import { instances } from './checks/instances';
import { keys } from './checks/keys';
import { network } from './checks/network';
import { permissions } from './checks/permissions';
import { quotas } from './checks/quotas';
import { schedules } from './checks/schedules';
import { images, logs, secrets, tasks } from './checks/tasks';

/** All checks. */
export const CHECKS: readonly Check[] = [
  ...[encryption, versioning, publicAccess, bucketPolicy, lifecycle, keys],
  ...[schedules, tasks, images, secrets, network, instances, logs],
  ...[functions, events, subscriptions, quotas, permissions],
];
