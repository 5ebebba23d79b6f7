import {
  createContext,
  use,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import type { ReactNode } from 'react';
import type { ConnectionState } from '../live/live-connection.ts';
import { describeChange } from '../toasts/describe-change.ts';
import { showInBackground } from '../toasts/browser-notification.ts';
import { useToasts } from '../toasts/toasts.tsx';
import { useText } from '../text/text-context.tsx';
import type { Change, SeenAccount, SeenOrder } from './newest.ts';
import { Session } from './session.ts';

interface SessionContent {
  session: Session;
  connection: ConnectionState;
}

const SessionContext = createContext<SessionContent | undefined>(undefined);

/** Opens the session of a user for everything below. Give it the user as `key`. */
export function SessionProvider({ userId, children }: { userId: string; children: ReactNode }) {
  const toasts = useToasts();
  const text = useText();
  const latestText = useRef(text);
  useEffect(() => {
    latestText.current = text;
  }, [text]);
  const [connection, setConnection] = useState<ConnectionState>(() => ({
    kind: 'connecting',
    since: new Date(),
  }));
  const [session, setSession] = useState<Session>();
  useEffect(() => {
    const onChange = (change: Change) => {
      const toast = describeChange(change, latestText.current);
      if (toast === undefined) return;
      toasts.add(toast);
      showInBackground(toast, change);
    };
    const opened = new Session({ userId, onChange, onState: setConnection });
    setSession(opened);
    const end = opened.start();
    return () => {
      end();
      toasts.clear();
    };
  }, [userId, toasts]);
  const content = useMemo(() => session && { session, connection }, [session, connection]);
  if (content === undefined) return null;
  return <SessionContext value={content}>{children}</SessionContext>;
}

/** The session, where there may be none: no user has been chosen. */
export function useOptionalSession(): SessionContent | undefined {
  return use(SessionContext);
}

export function useSession(): Session {
  const content = use(SessionContext);
  if (content === undefined) throw new Error('There is no SessionProvider above.');
  return content.session;
}

/** Grows whenever something of the user's has changed. */
export function useRevision(): number {
  const { newest } = useSession();
  return useSyncExternalStore(newest.subscribe, () => newest.revision);
}

/** The newest known state of an order. */
export function useSeenOrder(name: string): SeenOrder | undefined {
  const { newest } = useSession();
  return useSyncExternalStore(newest.subscribe, () => newest.order(name));
}

/** The newest known balance. */
export function useSeenAccount(): SeenAccount | undefined {
  const { newest } = useSession();
  return useSyncExternalStore(newest.subscribe, () => newest.account);
}
