/**
 * Every failpoint there is: the boundaries of the money path between two awaits, where a process
 * may die. The name begins with who passes it; points of the relay and the consumer are passed by
 * Orders and by Payments alike.
 */
export const failpoints = {
  'gateway.received': 'a request is read and checked, and the service is not yet called',
  'gateway.answered': 'the service has answered, and the caller has not',
  'create.received': 'a batch of new orders waits for its statement',
  'create.committed': 'new orders, their keys and their requests are committed, nobody knows',
  'create.known': 'the relay was woken, the caller has no answer',
  'relay.leased': 'the relay has the lease and has read nothing',
  'relay.read': 'a page of the outbox is read, and nothing of it published',
  'relay.sent': 'the broker has acknowledged one message of the page, others are on their way',
  'relay.published': 'the broker has acknowledged the page, and the cursor has not moved',
  'relay.advanced': 'the cursor has moved over the page',
  'consumer.received': 'messages are there and their transaction has not begun',
  'consumer.handled': 'the effect is committed and the messages are not acknowledged',
  'consumer.acknowledged': 'the acknowledgements are written to the connection',
  'settle.begun': 'a transaction is open and has written nothing',
  'settle.recorded': 'the event ids are in the inbox',
  'settle.locked': 'the rows of the wallets are locked',
  'settle.decided': 'every payment is decided and nothing of it written',
  'settle.booked': 'the transfers are written, the decisions and answers are not',
  'settle.written': 'everything is written and not committed',
  'settle.committed': 'everything is committed, and the relay does not know',
  'apply.begun': 'a transaction is open for the results of payments',
  'apply.locked': 'the orders are locked',
  'apply.written': 'the steps of the orders are written and not committed',
  'apply.committed': 'the steps are committed, and the relay does not know',
} as const;

export type Failpoint = keyof typeof failpoints;

/** Throws a RangeError, whose message completes “… must be”, when there is no such point. */
export function requireFailpoint(name: string): Failpoint {
  if (!Object.hasOwn(failpoints, name)) {
    throw new RangeError(`one of the names in lib/failpoint/failpoints.ts, not ${name}`);
  }
  return name as Failpoint;
}
