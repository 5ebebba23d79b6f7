import { useCallback, useState } from 'react';
import { usePaging } from '../parts/pager.tsx';
import type { Paging } from '../parts/pager.tsx';
import { useToasts } from '../toasts/toasts.tsx';
import { useText } from '../text/text-context.tsx';
import { describeError } from '../parts/error-panel.tsx';
import { useLoad } from './load.ts';
import { withRead } from './read-inbox.ts';
import type { InboxPage } from './read-inbox.ts';
import { useRevision, useSession } from './session-context.tsx';

export interface InboxNow {
  inbox: InboxPage | undefined;
  error: unknown;
  paging: Paging;
  reload(): void;
  markRead(): Promise<void>;
}

const pageSize = 20;

/** The user's notifications, kept up to date. */
export function useInbox(): InboxNow {
  const session = useSession();
  const toasts = useToasts();
  const { t } = useText();
  const revision = useRevision();
  const paging = usePaging();
  const { token } = paging;
  const { data, error, reload } = useLoad(`inbox ${token}`, revision, (signal) =>
    session.inbox.list({ pageToken: token, pageSize }, signal),
  );
  const [marked, setMarked] = useState<Date>();
  const newest = data?.items[0]?.createTime;
  const markRead = useCallback(async () => {
    if (newest === undefined) return;
    // Shown at once; when it turns out otherwise, it is taken back.
    setMarked(newest);
    try {
      await session.inbox.markRead(newest);
      reload();
    } catch (thrown) {
      setMarked(undefined);
      toasts.add({ tone: 'bad', title: t.errors.title, text: describeError(thrown, t) });
    }
  }, [newest, reload, session, t, toasts]);
  const inbox = data && marked ? withRead(data, marked) : data;
  return { inbox, error, paging, reload, markRead };
}

/** How many notifications are unread; 0 where there are none. */
export function useUnreadCount(): number {
  const session = useSession();
  const revision = useRevision();
  const { data } = useLoad('unread', revision, (signal) =>
    session.inbox.list({ pageToken: '', pageSize: 1 }, signal),
  );
  return data?.unreadCount ?? 0;
}
