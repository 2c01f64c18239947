import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { BackupImage } from '../../../lib';
import { temporaryDirectory } from '../../support/processes';

let folder: string;
beforeEach(() => (folder = temporaryDirectory('image')));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
const write = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text);

/** The build of an image that is given to a container. */
function built(image: ecs.ContainerImage) {
  const app = new App();
  const stack = new Stack(app, 'S');
  const task = new ecs.FargateTaskDefinition(stack, 'T');
  task.addContainer('C', { image });
  const assembly = app.synth();
  const contents = assembly.artifacts.flatMap((one) => ('contents' in one ? [one.contents] : [])) as {
    dockerImages?: Record<string, { source: { directory: string; dockerBuildArgs: object; platform: string } }>;
  }[];
  const [asset] = contents.flatMap(({ dockerImages = {} }) => Object.values(dockerImages));
  const directory = path.join(assembly.directory, asset!.source.directory);
  return { ...asset!.source, directory, text: fs.readFileSync(path.join(directory, 'Dockerfile'), 'utf8') };
}

test('the program is put into the last stage of a Dockerfile', () => {
  write(
    'Dockerfile',
    '# syntax=docker/dockerfile:1\nARG V=16\nFROM debian AS build\nFROM postgres:${V}-bookworm\nRUN apt-get update\n',
  );
  write('.dockerignore', '*\n');
  const { text, dockerBuildArgs, platform, directory } = built(BackupImage.fromDockerfile(folder));
  expect(text).toMatch(/^# syntax=docker\/dockerfile:1\n/);
  const order = ['ARG NODE_IMAGE', 'ARG V=16', 'FROM debian AS build', 'FROM postgres:${V}-bookworm AS engine'];
  const places = [...order, 'RUN apt-get update', 'FROM ${NODE_IMAGE} AS node', 'FROM ${ENGINE_IMAGE}'].map((line) =>
    text.indexOf(line),
  );
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(Math.min(...places)).toBeGreaterThan(0);
  expect(dockerBuildArgs).toEqual({ ENGINE_IMAGE: 'engine' });
  expect(platform).toBe('linux/amd64');
  expect(fs.readdirSync(directory)).toEqual(expect.arrayContaining(['main.js', 'rds-ca.pem']));
  expect(fs.readFileSync(path.join(directory, '.dockerignore'), 'utf8')).toContain('\n!main.js\n');
});

test('a stage that has a name keeps it; another processor is asked for', () => {
  write('Dockerfile', 'FROM --platform=$TARGETPLATFORM postgres:17 AS ours\n');
  const { text, dockerBuildArgs, platform } = built(BackupImage.fromDockerfile(folder, ecs.CpuArchitecture.ARM64));
  expect(text).toContain('FROM --platform=$TARGETPLATFORM postgres:17 AS ours\n');
  expect([dockerBuildArgs, platform]).toEqual([{ ENGINE_IMAGE: 'ours' }, 'linux/arm64']);
});

test.each([
  ['there is no', () => undefined],
  ['must have a line FROM', () => write('Dockerfile', 'RUN true\n')],
  ['must not have files of the program', () => (write('Dockerfile', 'FROM a\n'), write('main.js', ''))],
])('a folder that cannot be built: %s', (sentence, fill) => {
  fill();
  expect(() => BackupImage.fromDockerfile(folder)).toThrow(sentence);
});
