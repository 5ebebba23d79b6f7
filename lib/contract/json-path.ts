/** How a REST operation names the parts of its request message. */
export interface Binding {
  /** The field that is the whole body. */
  body?: string;
  /** Fields that come from the path or a header, by the name that a caller knows. */
  names: Readonly<Record<string, string>>;
}

/** Name of the body as a whole, in violations. */
export const bodyPath = 'body';

/**
 * A REST caller's name for what a proto path means: 'order.amount.amount_minor' becomes
 * 'amount.amountMinor' where `order` is the body.
 */
export function toJsonPath(protoPath: string, { body, names }: Binding): string {
  const end = protoPath.search(/[.[]|$/);
  const field = protoPath.slice(0, end);
  const rest = protoPath.slice(end);
  if (Object.hasOwn(names, field)) {
    return `${names[field]}${toCamelCase(rest)}`;
  }
  if (field === body) {
    return rest === '' ? bodyPath : toCamelCase(rest.slice(1));
  }
  return toCamelCase(protoPath);
}

/** As protoc makes a field's JSON name: every `_` goes, and lifts the letter after it. */
export function toCamelCase(name: string): string {
  return name.replace(/_+([a-z0-9]?)/g, (_, next: string) => next.toUpperCase());
}
