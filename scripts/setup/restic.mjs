// restic, of the release that the image has: https://github.com/restic/restic/releases. As a program: builds it.
import { pathToFileURL } from 'node:url';
import { GoPrograms } from './go-programs.mjs';

export const RESTIC = new GoPrograms({
  module: 'test/servers/restic',
  folder: 'restic',
  packages: { restic: 'github.com/restic/restic/cmd/restic' },
});

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await RESTIC.build().catch(({ message }) => {
    process.stdout.write(message);
    process.exitCode = 1;
  });
}
