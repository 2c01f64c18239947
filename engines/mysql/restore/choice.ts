import type { Manifest } from '../../../catalog/bucket/manifest';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { readChoice, type Choice } from '../../shared/restore-choice';
import { MARKER } from './marker';

/**
 * Reads what is to be restored, and under which names.
 *
 * @throws BackupError `configuration` if the backup does not have it, or it cannot have the name
 */
export function readMysqlChoice(manifest: Manifest, request: RestoreRequest): Choice {
  const choice = readChoice(manifest, request, {
    system: ['information_schema', 'performance_schema', 'mysql', 'sys'],
    longest: 64,
    isName: (name) => name.length <= 64 && !/[\s/\\.\0]$|[/\\\0]/.test(name),
  });
  return { ...choice, tables: choice.tables.filter(({ name }) => name !== MARKER) };
}
