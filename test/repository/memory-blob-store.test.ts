import { describeBlobStoreContract } from '../blobs/blob-store-contract';
import { MemoryBlobStore } from './support/memory-blob-store';

describeBlobStoreContract('MemoryBlobStore', async () => {
  const store = new MemoryBlobStore();
  return { store, other: store, release: async () => {} };
});
