/** A JSON object of the document that is being made. */
export interface Json {
  [member: string]: unknown;
}

/** The object without the members that are undefined. */
export function defined(members: Json): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** `orders_v1` → `OrdersV1`, `CreateOrder` stays. */
export function capitalized(name: string): string {
  return name.replaceAll(/(?:^|[_.])([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}

export function uncapitalized(name: string): string {
  return `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`;
}
