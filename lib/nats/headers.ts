// Headers of messages, past the client's own reading and writing of them: for every header it
// spells out the name letter by letter and looks at all names so far. With the nine headers of an
// event that was a fifth of all that Orders allocated.
import { MsgHdrsImpl, MsgImpl } from '@nats-io/nats-core/internal';
import { errors, type Msg, type MsgHdrs } from '@nats-io/transport-node';

/**
 * Headers as they are given: the names are constants of ours. Throws InvalidArgumentError for a
 * value with a line break, which would begin another header.
 */
export function writeHeaders(entries: Iterable<readonly [name: string, value: string]>): MsgHdrs {
  const result = new MsgHdrsImpl();
  for (const [name, value] of entries) {
    if (/[\r\n]/.test(value)) {
      throw errors.InvalidArgumentError.format(name, 'has a line break in its value');
    }
    result.headers.set(name, [value]);
  }
  return result;
}

/** Names in the spelling of the wire, with the first value of each. */
export function readHeaders(message: Msg): Map<string, string> {
  const result = new Map<string, string>();
  for (const [name, value] of linesOf(message)) {
    if (!result.has(name)) result.set(name, value);
  }
  return result;
}

function* linesOf(message: Msg): Iterable<[name: string, value: string]> {
  if (!(message instanceof MsgImpl)) {
    for (const [name, values] of message.headers ?? []) yield [name, values[0] ?? ''];
    return;
  }
  const { _msg, _rdata } = message;
  if (_msg.hdr <= 0) return;
  const block = Buffer.from(_rdata.buffer, _rdata.byteOffset, _msg.hdr).toString();
  // The first line is the version; others end with the block.
  for (const line of block.split('\r\n').slice(1)) {
    const end = line.indexOf(':');
    if (end > 0) yield [line.slice(0, end), line.slice(end + 1).trim()];
  }
}
