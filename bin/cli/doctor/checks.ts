/** All checks, in the order in which they are shown. */
import type { Check } from './check';
import { functions, subscriptions } from './checks/alarms';
import { bucketPolicy, encryption, lifecycle, publicAccess, versioning } from './checks/bucket';
import { keys } from './checks/keys';
import { network } from './checks/network';
import { permissions } from './checks/permissions';
import { quotas } from './checks/quotas';
import { schedules } from './checks/schedules';
import { images, logs, secrets, tasks } from './checks/tasks';

/** All checks. */
export const CHECKS: readonly Check[] = [
  ...[encryption, versioning, publicAccess, bucketPolicy, lifecycle, keys],
  ...[schedules, tasks, images, secrets, network, logs],
  ...[functions, subscriptions, quotas, permissions],
];
