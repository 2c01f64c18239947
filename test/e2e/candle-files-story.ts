import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import { MONGODB } from '../servers/versions';
import { temporaryDirectory } from '../support/processes';
import { range } from './instance-scene';
import { agesOf, type Story } from './story';

/** A pair of keys of age: what a member of the team keeps, and what the example says of it. */
export interface Key {
  readonly identity: string;
  readonly recipient: string;
}

export function makeKey(): Key {
  const identity = execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return { identity, recipient: /public key: (\S+)/.exec(identity)![1]! };
}

const SHOP = '/var/www/candle-ecommerce';
const PHOTOS = range(1, 31, 1).map((n) => `products/${n}.jpg`);
const MEDIA = [...PHOTOS, 'banners/winter.jpg', 'banners/spring.jpg'];
const BYTES = 40_000;

/** Bytes that no compression makes smaller, the same for the same name. */
const photo = (name: string): Buffer =>
  Buffer.concat(range(0, BYTES / 32, 1).map((n) => createHash('sha256').update(`${name} ${n}`).digest()));

/** What the strategy of Candle promises of media and configuration, lived through. */
export function candleFilesStory(story: () => Story, { identity }: Key): void {
  describe('media and configuration, on the disk of the server', () => {
    const CONFIGURATION = {
      '.env.local': 'STRIPE_KEY=sk',
      'server/.env': 'MONGODB_URI=mongodb://',
      'package.json': '{}',
    };
    const SITE = 'server { server_name candles.example.com; }';
    const folder = temporaryDirectory('candle-restored');
    let all: Manifest;

    const here = (name: string): string => story().host.docker.directory(name);
    const media = (name = ''): string => here(path.join(SHOP, 'public/media', name));
    function write(file: string, content: string | Buffer): void {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, content);
    }
    const remove = (name: string): void => fs.rmSync(media(name), { recursive: true });
    /** Names of the files below a folder. */
    const filesBelow = (top: string): string[] =>
      fs
        .readdirSync(top, { recursive: true, encoding: 'utf8' })
        .filter((name) => fs.statSync(path.join(top, name)).isFile())
        .sort();
    const stored = (): string[] => filesBelow(media());

    beforeAll(() => {
      for (const name of MEDIA) write(media(name), photo(name));
      for (const [name, content] of Object.entries(CONFIGURATION)) write(here(path.join(SHOP, name)), content);
      write(here('/etc/nginx/sites-available/candle-ecommerce'), SITE);
      write(here('/etc/nginx/sites-available/default'), '');
    });
    afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

    test('a daily run stores only what has changed of the media', async () => {
      const first = await story().night('media');
      expect(first.repository).toMatchObject({ files: MEDIA.length, bytes: MEDIA.length * BYTES });
      write(media('products/new.jpg'), photo('new'));
      write(media('banners/spring.jpg'), photo('spring, again'));
      all = await story().night('media');
      expect(all.repository).toMatchObject({ files: MEDIA.length + 1, bytes: (MEDIA.length + 1) * BYTES });
      expect(all.repository!.addedBytes).toBeGreaterThan(2 * BYTES);
      expect(all.repository!.addedBytes).toBeLessThan(3 * BYTES);
    });

    test('a restore test of the media starts by schedule, and it passes', async () => {
      await story().hoursLater(1);
      const verdict = await story().tested(all, { version: MONGODB });
      expect(verdict).toMatchObject({ verdict: 'passed', rows: MEDIA.length + 1, differences: [] });
    });

    test('media of the last 30 days are kept', async () => {
      const days = range(1, 45, 1);
      const kept = agesOf(await story().pruned(all, days));
      expect(kept.filter((age) => days.includes(age))).toEqual(days.filter((age) => age < 30));
    });

    test('that most of the photos are gone is an alert of the size', async () => {
      for (const name of PHOTOS) remove(name);
      await story().night('media');
      await story().hoursLater(1);
      const text = await story().email(({ signal }) => signal === 'strange-size', /^STRANGE SIZE media/);
      expect(text).toContain('is 1.3 MiB (-91 %');
      expect(text).toContain('Compare with the directory now: data may be lost.');
      // What the run has brought into the repository, too.
      expect(text).toMatch(/2 folders with 33 files, 81\.\d KiB stored/);
    });

    test('a directory comes back by one command, which asks, and then all', async () => {
      remove('banners');
      const restore = ['restore', '--source', 'media', '--backup', all.backupId, '--overwrite'];
      const talk = { question: 'Type its name (media): ', answer: 'media' };
      const products = await story().does([...restore, '--paths', 'products'], { talk });
      expect(products).toMatch(/^ {2}reads +1\.2 MiB, 1\.2 MiB when decompressed$/m);
      expect(products).toContain('1 folder, 31 files, all as in the backup');
      expect(stored()).toEqual(PHOTOS.concat('products/new.jpg').sort());
      expect(await story().does([...restore, '--yes'])).toContain('2 folders, 33 files, all as in the backup');
      expect(stored()).toEqual(MEDIA.concat('products/new.jpg').sort());
      for (const name of PHOTOS) expect(fs.readFileSync(media(name)).equals(photo(name))).toBe(true);
      expect(fs.readFileSync(media('banners/spring.jpg')).equals(photo('spring, again'))).toBe(true);
    });

    test.each([
      ['config', ['.env.local', 'server/.env']],
      ['nginx-config', ['candle-ecommerce']],
    ])('%s is opened by a private key of the team, and by nothing in AWS', async (source, names) => {
      const { objects } = await story().night(source);
      expect(objects.every(({ key }) => key.endsWith('.age'))).toBe(true);
      const key = path.join(folder, 'key.txt');
      fs.writeFileSync(key, identity, { mode: 0o600 });
      const to = path.join(folder, source);
      const restore = ['restore', '--source', source, '--local', '--to', to, '--yes'];
      expect(await story().cli(restore)).toMatchObject({
        code: 2,
        err: expect.stringContaining('--identity') as string,
      });
      expect(await story().does([...restore, '--identity', key])).toContain('all as in the backup');
      expect(filesBelow(to)).toEqual(names);
      const original = source === 'config' ? SHOP : '/etc/nginx/sites-available';
      for (const name of names)
        expect(fs.readFileSync(path.join(to, name), 'utf8')).toBe(
          fs.readFileSync(here(path.join(original, name)), 'utf8'),
        );
    });
  });
}
