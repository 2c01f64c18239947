import { byObjectName, objectName, type InventoryObject } from '../../catalog/bucket/evidence';

/**
 * The kind that stands for an object that came or went while the dump ran: nobody knows whether the dump has it. Its name is kind
 * and name of the object.
 */
const CHANGING = 'changing';

/** What is the same before and after a dump: the dump tool reads at times of its own, and not in the snapshot. */
export function unchanged(
  before: readonly InventoryObject[],
  after: readonly InventoryObject[],
): readonly InventoryObject[] {
  const [first, last] = [byObjectName(before), byObjectName(after)];
  return [...new Set([...first.keys(), ...last.keys()])].map((key) => {
    const [one, other] = [first.get(key), last.get(key)];
    if (!one || !other) return { kind: CHANGING, name: key, facts: {} };
    const same = Object.entries(one.facts).filter(([fact, value]) => other.facts[fact] === value);
    return { ...one, facts: Object.fromEntries(same) };
  });
}

/** Answers without what the evidence of the source does not know. */
export function asKnown(
  given: readonly InventoryObject[],
  answers: readonly InventoryObject[],
): readonly InventoryObject[] {
  const known = byObjectName(given);
  const changing = given.filter(({ kind }) => kind === CHANGING);
  const left = new Set(changing.map(({ name }) => name));
  const own = answers
    .filter((object) => !left.has(objectName(object)))
    .map((object) => {
      const facts = known.get(objectName(object))?.facts;
      if (!facts) return object;
      return { ...object, facts: Object.fromEntries(Object.entries(object.facts).filter(([fact]) => fact in facts)) };
    });
  return [...own, ...changing];
}
