import { failureReasons } from '#gen/error-reference.ts';

/** What both pages say beside the reasons; backquotes mark code. */
export const texts = {
  intro: [
    'Every failure has one reason, the same over REST, gRPC and in the SDK. Programs go by the ' +
      'reason; the sentences may change in any release. New reasons may be added in any release ' +
      'too, so treat an unknown one by its status.',
    'Over REST an error is a problem of RFC 9457 with the members `reason`, `requestId`, ' +
      '`violations` and `metadata`, and its `type` leads to the entry of its reason at ' +
      '`/docs/errors`. Over gRPC it is a `google.rpc.Status` in the trailer ' +
      '`grpc-status-details-bin`, whose `google.rpc.ErrorInfo` has the reason, with the domain ' +
      '`purser`.',
  ],
  sdkIntro: 'With the SDK, every failed call throws a `PurserError`:',
  sdkExample: `import { Purser, PurserError } from '@purser/sdk';

try {
  // Any call of the client.
} catch (error) {
  if (error instanceof PurserError && error.reason === 'ORDER_NOT_FOUND') {
    console.error(error.message, error.status, error.requestId);
  } else {
    throw error;
  }
}`,
  failures:
    'These are no errors of a call: the order was accepted, and its payment failed afterwards. ' +
    'The order is then `FAILED`, with one of these in `failureReason`, and nothing was debited. ' +
    'Such an order stays failed: remove the cause and create a new one.',
};

/** Why an order can fail, and what that means. */
export function orderFailures(): [reason: string, meaning: string][] {
  const rows = Object.entries(failureReasons['purser.orders.v1.Order.FailureReason'] ?? {});
  if (rows.length === 0) throw new Error('The contracts have no reasons why an order fails.');
  return rows;
}
