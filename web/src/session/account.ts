import { PurserError } from '#sdk/src/purser-error.ts';
import type { Money } from '#sdk/src/index.ts';
import { useLoad } from './load.ts';
import { useSeenAccount, useSession } from './session-context.tsx';

export interface AccountNow {
  /** The newest known balance; undefined while none is known. */
  balance: Money | undefined;
  /** Whether the user has no account. */
  isAbsent: boolean;
  error: unknown;
  reload(): void;
}

/** The user's account, kept up to date by whatever tells of it. */
export function useAccount(): AccountNow {
  const session = useSession();
  const seen = useSeenAccount();
  const { error, reload } = useLoad('account', 0, async (signal) => {
    session.learn({ account: await session.purser.account.get({ signal }) });
  });
  const isAbsent =
    seen === undefined && error instanceof PurserError && error.is('ACCOUNT_NOT_FOUND');
  return { balance: seen?.balance, isAbsent, error, reload };
}
