import { ENGINE_FACTS, engineFacts, engines, findEngine, registerEngine, serverFacts } from '../../engines/facts';
import { engineProgram, registerProgram } from '../../engines/programs';
import { COMMON_REASONS } from '../../catalog/contract/failure';
import { MemoryDump, TOY_FACTS, DUMPED_ONLY } from '../support/memory-engine';

const OWN = Object.keys(ENGINE_FACTS);

test.each(OWN)('%s has facts that fit together', (name) => {
  const { title, versions, image, reasons, server, withoutArmImage = [] } = engineFacts(name);
  expect(title).toMatch(/^[A-Z]/);
  for (const version of versions) expect(image(version)).toMatch(new RegExp(`:${version.replace('.', '\\.')}`));
  expect(versions).toEqual(expect.arrayContaining([...withoutArmImage]));
  expect(versions.length > 0).toBe(server !== undefined);
  // One word means one thing, whatever the engine.
  expect(reasons.filter((reason) => (COMMON_REASONS as readonly string[]).includes(reason))).toEqual([]);
});

test('no two engines have one name in RDS', () => {
  const names = OWN.flatMap((name) => engineFacts(name).server?.rdsEngines ?? []);
  expect(new Set(names).size).toBe(names.length);
});

test('each engine has a program', () => {
  for (const name of OWN) expect(engineProgram(name).createDump).toBeInstanceOf(Function);
});

test('an engine can be registered, once', () => {
  expect(findEngine('toy')).toBeUndefined();
  const sentence = `engine must be one of ${OWN.join(', ')}, got: toy`;
  expect(() => engineFacts('toy')).toThrow(sentence);
  expect(() => engineProgram('toy')).toThrow(sentence);
  registerEngine('toy', TOY_FACTS);
  registerProgram('toy', { createDump: () => new MemoryDump(() => []), ...DUMPED_ONLY });
  expect([engineFacts('toy'), [...engines().keys()]]).toEqual([TOY_FACTS, [...OWN, 'toy']]);
  expect(engineProgram('toy')).toHaveProperty('createDump');
  expect(() => registerEngine('toy', TOY_FACTS)).toThrow('engine toy is registered already');
  expect(() => registerProgram('mysql', engineProgram('toy'))).toThrow('is registered already');
});

test('a name that every object has is no engine, and a file has no server', () => {
  expect(findEngine('constructor')).toBeUndefined();
  expect(() => serverFacts('sqlite')).toThrow('SQLite has no server');
});
