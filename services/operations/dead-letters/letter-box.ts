import type { DeadLetters } from './dead-letters.ts';

/** The dead letters, once somebody wants them. */
export type LetterBox = () => Promise<DeadLetters>;

/**
 * Opens the databases when the first letter is asked for: until then the process is spared
 * the code that speaks to them. Takes the address of each service's database, by its name.
 */
export function openLetterBox(databases: Readonly<Record<string, string>>): {
  letterBox: LetterBox;
  close(): Promise<void>;
} {
  let opened: Promise<DeadLetters> | undefined;
  const open = async () => {
    const { DeadLetters } = await import('./dead-letters.ts');
    return DeadLetters.open(databases);
  };
  return {
    letterBox: () => (opened ??= open()),
    close: async () => void (await (await opened)?.close()),
  };
}
