import { createModule } from '../module.ts';
import type { Module } from '../module.ts';
import { messagesPath } from '../names.ts';
import { typeName } from '../shape.ts';
import type { Event } from './read-events.ts';

/** gen/events.ts: every event by its type. */
export function emitEvents(events: readonly Event[]): Module {
  const module = createModule('events.ts');
  if (events.length === 0) {
    return module;
  }
  module.declare(['events']);
  module.add(`/** What is published, by the full name of its message. */
export const events = {
${events.map((event) => eventEntry(module, event)).join('\n')}
} as const;`);
  return module;
}

function eventEntry(module: Module, { message, domain, subject, consumers }: Event): string {
  return `  '${message.typeName}': {
    type: '${message.typeName}',
    domain: '${domain}',
    subject: '${subject}',
    filterSubject: '${subject}.*',
    consumers: [${consumers.map((consumer) => `'${consumer}'`).join(', ')}],
    codec: ${module.value(typeName(message), messagesPath(message.file))},
  },`;
}
