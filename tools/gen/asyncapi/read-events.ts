import type { DescFile, DescMessage } from '@bufbuild/protobuf';
import { streamOf } from '#lib/nats/topology.ts';
import type { StreamSpec } from '#lib/nats/topology.ts';
import { allMessages } from '../options.ts';
import type { EventOption, Options } from '../options.ts';

/** A message that a service publishes. */
export interface Event extends EventOption {
  message: DescMessage;
  /** Second element of its package: the service that publishes it. */
  domain: string;
  stream: StreamSpec;
}

/**
 * The events: every message of a file named events.proto. Throws for one without its option, for
 * an option elsewhere, and for a subject that could not be published or would not be found.
 */
export function readEvents(files: readonly DescFile[], options: Options): Event[] {
  const events: Event[] = [];
  for (const message of allMessages(files)) {
    const option = options.event(message);
    const isEvent = message.parent === undefined && isEventFile(message.file);
    if ((option !== undefined) !== isEvent) {
      const rule = 'every message of a file events.proto, and no other, carries';
      throw new Error(`${message}: ${rule} (purser.api.v1.event)`);
    }
    if (option !== undefined) {
      const event = readEvent(message, option);
      checkEvent(event, events);
      events.push(event);
    }
  }
  return events;
}

function isEventFile({ name }: DescFile): boolean {
  return name.endsWith('/events');
}

function readEvent(message: DescMessage, option: EventOption): Event {
  const domain = /^purser\.([a-z][a-z0-9_]*)\.v[0-9]+$/.exec(message.file.proto.package)?.[1];
  if (domain === undefined) {
    throw new Error(`${message}: its package must be purser.<domain>.v<number>`);
  }
  return { message, domain, stream: streamOf(domain), ...option };
}

function checkEvent(event: Event, others: readonly Event[]): void {
  const { message, subject, consumers, stream } = event;
  const prefix = stream.subject.slice(0, -1);
  const last = subject.slice(prefix.length);
  if (!subject.startsWith(prefix) || !/^[a-z][a-z0-9_]*$/.test(last)) {
    throw new Error(`${message}: its subject must be ${prefix}<event>, for its stream to take it`);
  }
  const other = others.find((one) => one.subject === subject);
  if (other !== undefined) {
    throw new Error(`${message}: ${other.message} has the same subject ${subject}`);
  }
  const wrong = consumers.find((domain) => !/^[a-z][a-z0-9_]*$/.test(domain));
  if (wrong !== undefined) {
    throw new Error(`${message}: its consumer "${wrong}" is not the name of a service`);
  }
}
