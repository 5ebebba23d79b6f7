import type { OperationsClient } from '#gen/sdk/operator/clients.ts';
import type { DeadLetter } from '#gen/sdk/operator/types.ts';

/** What everything that is done to a letter needs. */
export interface LetterProps {
  letter: DeadLetter;
  client: OperationsClient;
  /** Told, in words, what was done; the list is out of date then. */
  onDone(notices: readonly string[]): void;
}

/** What one calls a letter: its event, and what that is about. */
export function letterTitle({ type, about }: DeadLetter, untyped: string): string {
  return [type.split('.').at(-1) || untyped, about].filter((part) => part !== '').join(' ');
}
