// Lets go of what a finished call has made. Otherwise it lives until the next full collection, some
// 20 kB of client and server together for each call, and makes full collections frequent.
//
// V8 creates a function that is assigned to a property in old space, as if it were a method
// (`FunctionLiteral::set_pretenure`). It dies with its object, but only a full collection notices
// that; until then it keeps whatever it captures. Node gives one to every Writable
// (`WritableState.onwrite`, which captures the stream): to each HTTP/2 stream, and to the call that
// a grpc-js server hands out.
import { subscribe } from 'node:diagnostics_channel';
import type { Http2Stream } from 'node:http2';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { Http2SubchannelConnector } from '@grpc/grpc-js/build/src/transport.js';
import { Bag } from '#lib/memory/bag.ts';

let isDone = false;

/** For all calls of this process that begin from now on. */
export function letGoOfFinishedCalls(): void {
  if (isDone) return;
  isDone = true;
  subscribe('http2.client.stream.created', letGoOnceClosed);
  subscribe('http2.server.stream.created', letGoOnceClosed);
  keepCallsInBags();
}

/** Nothing is emitted after `close`, and nobody asks what was sent. */
function letGoOnceClosed(message: unknown): void {
  const { stream } = message as { stream: Http2Stream };
  stream.once('close', () => process.nextTick(letGoOfStream, stream));
}

let sentHeaders: symbol | undefined;

/** By its listeners a stream holds all of its call; the rest of it is small but for its headers. */
function letGoOfStream(stream: Http2Stream): void {
  sentHeaders ??= Object.getOwnPropertySymbols(stream).find(
    ({ description }) => description === 'sent-headers',
  );
  // As before the first listener; `removeAllListeners` makes a new list.
  const gone = { _events: undefined, _eventsCount: 0 };
  Object.assign(stream, gone, sentHeaders === undefined ? {} : { [sentHeaders]: undefined });
}

/** A connection has a Set of the calls that it carries; see `Bag`. */
function keepCallsInBags(): void {
  const { prototype } = Http2SubchannelConnector;
  const { connect } = prototype;
  const connectWithBag: typeof connect = async function (this: Http2SubchannelConnector, ...args) {
    const transport = await connect.apply(this, args);
    Object.assign(transport, { activeCalls: new Bag() });
    return transport;
  };
  prototype.connect = connectWithBag;
}

/** For the call of a unary method that is answered and recorded: nobody may look at it any more. */
export function letGoOf(call: ServerUnaryCall<unknown, unknown>): void {
  call.removeAllListeners('cancelled');
  Object.assign(call, { call: undefined, request: undefined, metadata: undefined });
}
