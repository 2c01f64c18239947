import { describeOn, MONGODB } from '../servers/versions';
import { MONGODB_DAMAGES, MONGODB_HARMLESS, startMongodb } from './mongodb';
import { describeMutations } from './suite';

describeOn([MONGODB], '%s', (version) =>
  describeMutations(version, {
    hasServer: true,
    ...{ start: startMongodb, damages: MONGODB_DAMAGES, harmless: MONGODB_HARMLESS },
    ...{ nothing: '[]', hasDigests: false },
  }),
);
