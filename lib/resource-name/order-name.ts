const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether `text` is a UUID in its canonical form: lower case, with hyphens. */
export function isUuid(text: string): boolean {
  return uuid.test(text);
}

/** `orders/{order}` of an order's id. */
export function orderName(id: string): string {
  return `orders/${id}`;
}

/**
 * The id in `orders/{order}` or `orders/{order}/payment`; undefined when no order can have that
 * name.
 */
export function orderIdOf(name: string): string | undefined {
  const id = name.split('/')[1] ?? '';
  return name.startsWith('orders/') && isUuid(id) ? id : undefined;
}
