// What a gRPC server takes on at a time. Decided from the headers of a call, before its message has
// arrived: a call that is refused costs next to nothing, and is refused at once, so that its caller
// can go elsewhere while there is time.
import {
  type Metadata,
  type ServerInterceptor,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  status as grpcStatus,
} from '@grpc/grpc-js';
import { PurserError } from '#lib/errors/purser-error.ts';
import { toServiceError } from '#lib/errors/status.ts';
import { callsHandled, callsRefused } from './server-metrics.ts';

export interface AdmissionLimits {
  /**
   * Unary calls in hand. A gateway takes 2,000 at a time, and a batch in the services up to 200;
   * what one instance cannot answer within its callers' deadlines is better refused.
   */
  calls: number;
  /** Streams of answers: as many as WebSockets. */
  streams: number;
  /** Milliseconds from a call's headers to the end of its message. */
  arrivalMs: number;
}

export const admissionLimits: AdmissionLimits = {
  calls: 4_000,
  streams: 20_000,
  arrivalMs: 10_000,
};

/** Probes and tools have to get through to a server that is full. */
const unlimited = /^\/grpc\./;

/**
 * Refuses with OVERLOADED what is more than the limits allow, and ends with DEADLINE_EXCEEDED a
 * call whose message does not arrive in time: 500 calls of one connection that never end could hold
 * 256 KiB each.
 */
export function admission(limits: AdmissionLimits): ServerInterceptor {
  const open = { calls: 0, streams: 0 };
  return ({ path, responseStream }, call) => {
    blameCaller(call);
    const kind = responseStream ? 'streams' : 'calls';
    const counted = !unlimited.test(path);
    if (counted && open[kind] >= limits[kind]) return refusal(path, call);
    if (counted) open[kind] += 1;
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      clearTimeout(late);
      if (counted) open[kind] -= 1;
    };
    const late = setTimeout(() => {
      end();
      answer(path, call, new PurserError('DEADLINE_EXCEEDED'));
    }, limits.arrivalMs);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveHalfClose(proceed) {
            clearTimeout(late);
            proceed();
          },
          onCancel: end,
        }),
      sendStatus(status, next) {
        end();
        next(status);
      },
    });
  };
}

const undecodable = /^(Error deserializing request|Failed to decompress)/;

/**
 * grpc-js answers INTERNAL to bytes that it cannot unpack, which blames us for the caller's fault
 * and raises an alarm for nothing. It gives that answer past all interceptors, by this function.
 */
function blameCaller(call: ServerInterceptingCallInterface): void {
  const send = call.sendStatus.bind(call);
  // Not assigned as it is written: see finished-calls.ts.
  const sendBlaming: typeof send = (status) => {
    const isTheirs = status.code === grpcStatus.INTERNAL && undecodable.test(status.details ?? '');
    send(isTheirs ? toServiceError(new PurserError('MALFORMED_MESSAGE')) : status);
  };
  call.sendStatus = sendBlaming;
}

function refusal(path: string, call: ServerInterceptingCallInterface): ServerInterceptingCall {
  return new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata(_metadata: Metadata) {
          callsRefused.inc({ method: path });
          answer(path, call, new PurserError('OVERLOADED'));
        },
      }),
  });
}

/** No log line: there may be thousands of these a second. */
function answer(path: string, call: ServerInterceptingCallInterface, error: PurserError): void {
  const failure = toServiceError(error);
  callsHandled.inc({ method: path, code: String(grpcStatus[failure.code]) });
  call.sendStatus(failure);
}
