import { byObjectName, objectName, type Evidence, type InventoryObject } from '../../../catalog/bucket/evidence';
import type { ProofDifference } from '../../../catalog/bucket/verdict';
import type { Finding } from '../findings';

/** What the server that was dumped and the restored one say of their objects. */
export function compareInventory(backup: Evidence, restored: Evidence): Finding {
  const before = byObjectName(backup.inventory);
  const after = byObjectName(restored.inventory);
  const differences: ProofDifference[] = [];
  for (const object of new Set([...before.keys(), ...after.keys()])) {
    const [expected, found] = [before.get(object), after.get(object)];
    const difference = { check: 'inventory', object } as const;
    if (!found) differences.push({ ...difference, kind: 'missing' });
    else if (!expected) differences.push({ ...difference, kind: 'unexpected' });
    else
      for (const fact of changedFacts(expected, found)) differences.push({ ...difference, kind: 'changed', ...fact });
  }
  return { differences, compared: before.size };
}

/** Settings that differ. */
function changedFacts({ facts: before }: InventoryObject, { facts: after }: InventoryObject) {
  const names = Object.keys({ ...before, ...after }).filter((name) => before[name] !== after[name]);
  return names.map((fact) => ({ fact, ...valueOf('expected', before[fact]), ...valueOf('found', after[fact]) }));
}

const valueOf = (name: 'expected' | 'found', value: string | number | boolean | null | undefined) =>
  value === undefined ? {} : { [name]: String(value) };

/** The columns of the primary key of a section's table, `table shop.orders`: its fact `primaryKey`, separated by commas. */
export function primaryKeyOf(evidence: Evidence | undefined, section: string): readonly string[] | undefined {
  const table = evidence?.inventory.find((object) => objectName(object) === section);
  const columns = table?.facts.primaryKey;
  return typeof columns === 'string' && columns !== '' ? columns.split(',') : undefined;
}
