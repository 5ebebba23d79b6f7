// What happens to every stream of answers, in this order: request id, user id, decoding,
// validation, handler; then its messages, as fast as the caller takes them, and at the end one
// status, one log line and one count.
import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Stream } from '#lib/contract/types.ts';
import type { PurserError } from '#lib/errors/purser-error.ts';
import { toServiceError } from '#lib/errors/status.ts';
import {
  admitCall,
  type AnyCallContext,
  type CallInHand,
  type CallOptions,
  recordCall,
  sendRequestId,
  toPurserError,
} from './admit-call.ts';
import { CallLimits } from './call-limits.ts';
import { oneTraceparent, requestIdOrNew, traceparentKey } from './call-metadata.ts';

/** What a handler knows of its stream beside the request. */
export interface StreamContext extends AnyCallContext {
  /** Ends the stream with the error, also while the caller takes nothing. */
  fail(error: PurserError): void;
}

/**
 * Answers one call with a stream, which ends when the iteration ends. The next message is asked for
 * only when the caller has room for it. What it throws is treated as that of a `Handler`. When the
 * call is over (`call.signal`) its `return` is called, and nothing waits for it any more.
 */
export type StreamHandler<Req = never, Res = unknown> = (
  request: Req,
  call: StreamContext,
) => AsyncIterable<Res>;

/** A grpc-js handler that answers calls of the stream with the handler. Never throws. */
export function streamCall(stream: Stream, handler: StreamHandler, options: CallOptions) {
  return async (call: ServerWritableStream<Buffer, unknown>): Promise<void> => {
    const startedMs = performance.now();
    const requestId = requestIdOrNew(call.metadata);
    // The caller's own deadline alone: a stream lives as long as its caller wants it to.
    const asked = Number(call.getDeadline());
    const limits = new CallLimits(Number.isFinite(asked) ? new Date(asked) : undefined);
    call.on('cancelled', () => limits.cancel());
    // A stream gets no span of its own, which would be as long as the stream.
    const traceparent = oneTraceparent(call.metadata.get(traceparentKey));
    const inHand = { call, limits, requestId, traceparent, options };
    sendRequestId(inHand);
    options.inFlight.add(limits);
    const sent = { messages: 0 };
    const error = await answerAll(stream, handler, { call, inHand, sent });
    options.inFlight.delete(limits);
    limits.release();
    if (error === undefined) call.end();
    else call.emit('error', toServiceError(error, requestId));
    recordCall(inHand, { path: stream.path, error, startedMs, ...sent });
  };
}

interface OpenStream {
  call: ServerWritableStream<Buffer, unknown>;
  inHand: CallInHand;
  sent: { messages: number };
}

/** Resolves when the stream is over, with the error that ended it, if any. */
async function answerAll(
  stream: Stream,
  handler: StreamHandler,
  open: OpenStream,
): Promise<PurserError | undefined> {
  const { inHand } = open;
  let messages: AsyncIterator<unknown> | undefined;
  try {
    const { request, context } = admitCall(stream, inHand);
    const call = Object.assign(context, {
      fail: (error: PurserError) => inHand.limits.fail(error),
    });
    messages = handler(request as never, call)[Symbol.asyncIterator]();
    await sendAll(messages, open);
    return undefined;
  } catch (error) {
    return toPurserError(error, inHand);
  } finally {
    // A handler that waits for something sees the signal; its clean-up must not hold up the status.
    messages?.return?.().catch((error: unknown) => {
      inHand.options.log.warn({ requestId: inHand.requestId, error }, 'a stream ended badly');
    });
  }
}

async function sendAll(
  messages: AsyncIterator<unknown>,
  { call, inHand: { limits }, sent }: OpenStream,
): Promise<void> {
  for (;;) {
    const { done, value } = await limits.race(messages.next());
    if (done) return;
    sent.messages += 1;
    if (!call.write(value)) await once(call, 'drain', { signal: limits.signal });
  }
}
