import { type VerifiedStore, type VerifyRegistration } from '../src/contracts/registration';
import { verifyRepository } from '../src/repository/verifying/verify-repository';
import { runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';

/** The activity that verifies registrations, on the control queue and on that of each worker. */
export function registrationActivities({ repositories, identity }: Pick<Dependencies, 'repositories' | 'identity'>) {
  return {
    /**
     * Proves that this worker can use the repository, and that the front door means the same store. Leaves nothing
     * behind. Throws `repository_verification_exception` with the reason, and what the store throws.
     */
    verifyRepository: (call: VerifyRegistration): Promise<VerifiedStore> =>
      runActivity(async ({ signal }) => {
        const repository = repositories.openOnce(call.registration);
        try {
          return { ...(await verifyRepository(repository, call, signal)), worker: identity };
        } finally {
          await repository.store.close();
        }
      }),
  };
}
