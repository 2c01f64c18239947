/** Three documents' examples, whose databases run in Docker on one machine, live through what the documents promise: see examples/documents. */
import { describeOn, newestOf } from '../servers/versions';
import { AFIRGEN, afirgenStory } from './afirgen-story';
import { EPICBOOK, epicbookStory } from './epicbook-story';
import { InstanceScene } from './instance-scene';
import { STREAMFLIX, streamflixStory } from './streamflix-story';

jest.setTimeout(600_000);

describeOn(newestOf('mysql'), 'on %s', (version) => {
  let scene: InstanceScene;
  beforeAll(async () => (scene = await InstanceScene.start(version, [AFIRGEN, EPICBOOK, STREAMFLIX])));
  afterAll(() => scene?.stop());

  // First: it backs up all databases of the server, and there is no other yet.
  afirgenStory(() => scene);
  epicbookStory(() => scene);
  streamflixStory(() => scene);
});
