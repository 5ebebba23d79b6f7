import { orderIdOf } from '#lib/resource-name/order-name.ts';

/** Throws for a name that no order can have: such a message can never be applied. */
export function orderIdOrPoison(name: string): string {
  const id = orderIdOf(name);
  if (!id) throw new Error(`"${name}" is not the name of an order`);
  return id;
}
