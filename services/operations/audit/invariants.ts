import type { Invariant } from '#lib/audit/invariant.ts';

// What can only be seen in both services' tables together, or in the broker's streams.

export const paidOrders: Invariant = {
  id: 'I5',
  says: 'Every paid order has one payment of its user and amount that is captured.',
  unit: 'orders',
  means: 'Goods are on their way that nobody has paid for, or another sum was paid.',
  repair: 'Compare :trace of the order with the transfers of its user; cancel the order.',
};

export const endedOrders: Invariant = {
  id: 'I6',
  says: 'No order that failed or was cancelled keeps money.',
  unit: 'orders',
  means: 'A user has paid for nothing.',
  repair: 'Ask Payments to undo it: publish PaymentCancellationRequested for the order.',
};

export const sales: Invariant = {
  id: 'I13',
  says: 'What sales has received is the sum of the paid orders.',
  unit: 'currencies',
  means: 'The books of the two services differ; I5, I6 and I14 name the orders.',
  repair: 'Mend those.',
};

export const paymentsOfOrders: Invariant = {
  id: 'I14',
  says: 'Every payment is of an order, and agrees with how far it has come.',
  unit: 'payments',
  means: 'Orders has lost what Payments still knows: its database is an older copy.',
  repair: 'Restore Orders to the newest copy, or cancel what its users do not know.',
};

export const streams: Invariant = {
  id: 'I23',
  says: 'Every message in the broker stands in the outbox of its service, word for word.',
  unit: 'messages',
  means: 'Somebody else publishes in the name of a service, or a database is an older copy.',
  repair: 'Find who may publish there. The inbox and the guards bound what it can do.',
};
