import type { ServerEngineFacts } from '../../../engines/engine-facts';
import { REFUSED } from '../../../engines/engine-facts';

/** Reasons of failures that only this engine has. */
export const TOY_REASONS = ['box-shut'] as const;

/** Facts of an engine that exists in tests only: a box of toys, which lists itself over HTTP. */
export const TOY_FACTS: ServerEngineFacts<(typeof TOY_REASONS)[number]> = {
  title: 'Toy Box',
  versions: ['1', '2'],
  image: (version) => `toy-box:${version}`,
  reasons: TOY_REASONS,
  notes: [],
  proof: { diskPerByte: 1, diskBytes: 1024 ** 2, memoryMiB: 512, tools: [] },
  server: {
    defaultPort: 7777,
    protocols: ['toys'],
    majorVersionParts: 1,
    rdsEngines: [],
    dumpTool: { name: 'toys', refusals: [{ options: ['secret'], reason: REFUSED.secret }], allowed: [], valued: '' },
  },
};
