/** Orders made on this device without an account: their keys, so that a guest finds them again. */
export interface KeptOrder {
  id: string;
  key: string;
  eventName: string;
  at: string;
}

type Store = Pick<Storage, 'getItem' | 'setItem'>;

const place = 'events.orders';
const most = 50;

export function keptOrders(store: Store | null): KeptOrder[] {
  try {
    const kept: unknown = JSON.parse(store?.getItem(place) ?? '[]');
    return Array.isArray(kept) ? kept.filter((order): order is KeptOrder => typeof order?.id === 'string' && typeof order?.key === 'string') : [];
  } catch {
    return []; // written by something else
  }
}

export function keepOrder(store: Store | null, order: KeptOrder): void {
  try {
    store?.setItem(place, JSON.stringify([order, ...keptOrders(store).filter(({ id }) => id !== order.id)].slice(0, most)));
  } catch {
    // The device keeps nothing: the address of the order's page has the key as well.
  }
}

export function deviceStore(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
