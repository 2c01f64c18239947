/** All checks, in the order in which they are shown. */
import type { Check } from './check';
import { deadLetters, subscriptions } from './checks/alarms';
import { encryption, publicAccess, versioning } from './checks/bucket';
import { bucketPolicy } from './checks/bucket-policy';
import { functions } from './checks/functions';
import { keys } from './checks/keys';
import { lifecycle } from './checks/lifecycle';
import { network } from './checks/network';
import { permissions } from './checks/permissions';
import { quotas } from './checks/quotas';
import { schedules } from './checks/schedules';
import { snapshotPolicies } from './checks/snapshot-policies';
import { fileSystems, logs } from './checks/storage';
import { images, secrets, tasks } from './checks/tasks';

/** All checks. */
export const CHECKS: readonly Check[] = [
  ...[encryption, versioning, publicAccess, bucketPolicy, lifecycle, keys],
  ...[schedules, tasks, images, secrets, network, logs, fileSystems],
  ...[functions, subscriptions, deadLetters, snapshotPolicies, quotas, permissions],
];
