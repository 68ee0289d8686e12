import { randomBytes } from 'node:crypto';
import { isSnapkeepError, SnapkeepError } from '../src/contracts/errors';
import { type Registration } from '../src/contracts/registration';
import { foreignObjects, type ForeignObjects } from '../src/repository/foreign-objects';
import { verifyKey } from '../src/repository/keys';
import { type Dependencies } from './dependencies';
import { runActivity } from './run';

export function registrationActivities({ repositories }: Dependencies) {
  return {
    /**
     * Proves that this worker can use the repository: the store is of a kind that can be used, and an object can be
     * written, is then refused to a second writer, read back and deleted. Leaves nothing behind. Refuses a place where something
     * else lies that is not of Snapkeep's format.
     */
    verifyRepository: (registration: Omit<Registration, 'revision'>): Promise<void> =>
      runActivity(async ({ signal }) => {
        const { store, catalogue, write } = repositories.openOnce(registration);
        try {
          await store.checkUsable({ signal });
          // What lies there already must be something this release can read.
          await catalogue.readRoot({ signal });
          const foreign = await foreignObjects(store, { signal });
          if (foreign !== undefined) throw occupied(registration, store.description, foreign);
          if (write.readonly) return;
          const marker = Buffer.from(randomBytes(16).toString('hex'));
          const key = verifyKey(marker.toString('utf8'));
          try {
            await store.putIfAbsent(key, marker, { signal });
            if (!(await store.get(key, { signal, maxBytes: 1024 })).equals(marker))
              throw unproven(registration, 'reads back other bytes');
            if (!(await refuses(store.putIfAbsent(key, Buffer.from('second'), { signal })))) {
              throw unproven(registration, 'lets a second writer replace an object that must not be replaced');
            }
          } finally {
            await store.delete([key]);
          }
        } finally {
          await store.close();
        }
      }),
  };
}

async function refuses(put: Promise<void>): Promise<boolean> {
  try {
    await put;
    return false;
  } catch (error) {
    if (isSnapkeepError(error, 'blob_exists')) return true;
    throw error;
  }
}

function unproven(registration: Omit<Registration, 'revision'>, what: string): SnapkeepError {
  return new SnapkeepError(
    'repository_verification_exception',
    `[${registration.name}] store of the repository ${what}; it can't hold snapshots safely`,
  );
}

function occupied(
  { name, type }: Omit<Registration, 'revision'>,
  where: string,
  { native, count, examples }: ForeignObjects,
): SnapkeepError {
  const more = count > examples.length ? ` and ${count - examples.length} more` : '';
  const what = native
    ? 'what looks like a native repository of Elasticsearch or OpenSearch'
    : "what no repository of Snapkeep's has";
  const setting = type === 'fs' ? 'location' : 'base_path';
  return new SnapkeepError(
    'repository_verification_exception',
    `[${name}] [${where}] holds ${what}: [${examples.join('], [')}]${more}; register an empty place, such as another [${setting}]`,
    { details: { repository: name, native, examples: [...examples] } },
  );
}
