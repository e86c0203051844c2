import { ApiError } from '../../sdk/event';
import { Door, type ScanStore } from '../../sdk/onsite';

/** The address that this page was opened with. Its key travels in the fragment, which no server sees. */
export interface Address {
  key(): string | null;
  /** The key is of no more use. */
  forget(): void;
}

export const pageAddress: Address = {
  key: () => new URLSearchParams(location.hash.slice(1)).get('enrol'),
  forget: () => history.replaceState(null, '', '/scan'),
};

/**
 * The door that the address's key makes of this browser, else the one that it is; null: none. The key is used once, and kept until it was: a device that is
 * offline, or has scans to send first, tries again with it.
 */
export async function openDoor(store: ScanStore, address: Address = pageAddress, enrol: (store: ScanStore, key: string) => Promise<Door> = Door.enrol): Promise<Door | null> {
  const key = address.key();
  if (!key) return Door.open(store);
  try {
    const door = await enrol(store, key);
    address.forget();
    return door;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'enrolment_invalid') address.forget();
    throw error;
  }
}
