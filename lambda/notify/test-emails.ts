import type { AlarmTestReport } from '../../catalog/contract/alarms';
import { mapParallel } from '../../catalog/parallel';
import { errorText } from '../shared/errors';
import { logLine } from '../shared/log';
import type { Composed } from './compose/place';
import type { ListSubscriptions, Publish } from './ports';

const PARALLEL = 4;

/** Publishes one notification of each kind, marked as a test, and lists the subscriptions. */
export async function sendTestEmails(
  topic: string,
  notifications: readonly Composed[],
  publish: Publish,
  listSubscriptions: ListSubscriptions,
): Promise<AlarmTestReport> {
  const published: string[] = [];
  const failures: string[] = [];
  await mapParallel(notifications, PARALLEL, async ({ notification, text }) => {
    const marked = { ...notification, subject: markedAsTest(notification.subject), test: true } as const;
    try {
      await publish(marked, text);
      published.push(marked.subject);
    } catch (error) {
      failures.push(`${marked.subject}: ${errorText(error)}`);
    }
  });
  const subscriptions = await listSubscriptions().catch((error: unknown) => {
    failures.push(`the subscriptions could not be listed: ${errorText(error)}`);
    return [];
  });
  logLine(failures.length > 0 ? 'error' : 'info', 'tested', `${published.length} tests published`, { failures });
  return { topic, published, failures, subscriptions };
}

/** Nobody must take it for real. */
const markedAsTest = (subject: string): string => (/^TEST /.test(subject) ? subject : `TEST ${subject}`);
