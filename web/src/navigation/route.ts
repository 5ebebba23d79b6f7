/** What an address of the store front shows. */
export type Route =
  | { page: 'users' }
  | { page: 'wallet' }
  | { page: 'new-order' }
  | { page: 'orders' }
  | { page: 'order'; name: string }
  | { page: 'inbox' }
  | { page: 'operations' }
  | { page: 'start' }
  | { page: 'not-found' };

const fixed: Readonly<Record<string, Route>> = {
  '/': { page: 'start' },
  '/users': { page: 'users' },
  '/wallet': { page: 'wallet' },
  '/orders': { page: 'orders' },
  '/orders/new': { page: 'new-order' },
  '/inbox': { page: 'inbox' },
  '/system': { page: 'operations' },
};

/** The route of a path; a slash at its end makes no difference. */
export function routeOf(path: string): Route {
  const plain = path.length > 1 ? path.replace(/\/$/, '') : path;
  const route = Object.hasOwn(fixed, plain) ? fixed[plain] : undefined;
  if (route !== undefined) return route;
  const order = /^\/orders\/([^/]+)$/.exec(plain)?.[1];
  if (order === undefined) return { page: 'not-found' };
  try {
    return { page: 'order', name: `orders/${decodeURIComponent(order)}` };
  } catch {
    return { page: 'not-found' };
  }
}

/** The address of an order's page. */
export function orderPath(name: string): string {
  return `/orders/${encodeURIComponent(idOf(name))}`;
}

/** `orders/018f…` without its collection. */
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The end of an id, for people: the beginning of a UUID of version 7 is the same for hours. */
export function shortId(name: string): string {
  return idOf(name).slice(-8);
}
