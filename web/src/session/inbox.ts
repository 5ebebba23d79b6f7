import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import type { Notification } from '#sdk/src/index.ts';
import { describeError } from '../parts/error-panel.tsx';
import { usePaging } from '../parts/pager.tsx';
import type { Paging } from '../parts/pager.tsx';
import { useText } from '../text/text-context.tsx';
import { useToasts } from '../toasts/toasts.tsx';
import { useLoad } from './load.ts';
import { useRevision, useSession } from './session-context.tsx';

export interface InboxNow {
  /** Newest first; undefined while none are known. */
  items: readonly Notification[] | undefined;
  nextPageToken: string;
  error: unknown;
  paging: Paging;
  reload(): void;
  markRead(): Promise<void>;
}

const pageSize = 20;

/** A notification may come a little after the change that it tells of. */
const laterMs = 1_500;

/** A page of the user's notifications, kept up to date. */
export function useInbox(): InboxNow {
  const session = useSession();
  const toasts = useToasts();
  const { t } = useText();
  const paging = usePaging();
  const { token } = paging;
  const { data, error, reload } = useNotifications(`inbox ${token}`, token, pageSize);
  const [readUntil, setReadUntil] = useState<Date>();
  const newest = data?.items[0]?.createTime;
  const markRead = useCallback(async () => {
    if (newest === undefined) return;
    // Shown at once; when it turns out otherwise, it is taken back.
    setReadUntil(newest);
    session.unread.guess(0);
    try {
      const answer = await session.purser.notifications.markRead({ readUntil: newest });
      session.unread.set(answer.unreadCount);
      reload();
    } catch (thrown) {
      setReadUntil(undefined);
      toasts.add({ tone: 'bad', title: t.errors.title, text: describeError(thrown, t) });
    } finally {
      session.unread.guess(undefined);
    }
  }, [newest, reload, session, t, toasts]);
  const items = data?.items.map((item) =>
    readUntil !== undefined && item.createTime <= readUntil
      ? { ...item, readTime: item.readTime ?? readUntil }
      : item,
  );
  return { items, nextPageToken: data?.nextPageToken ?? '', error, paging, reload, markRead };
}

/** Keeps the number of unread notifications up to date, for as long as something shows it. */
export function useUnreadCount(): number {
  const { unread } = useSession();
  useNotifications('unread', '', 1);
  return useSyncExternalStore(unread.subscribe, () => unread.value);
}

function useNotifications(key: string, pageToken: string, size: number) {
  const session = useSession();
  const revision = useRevision();
  const loaded = useLoad(key, revision, async (signal) => {
    const { notifications } = session.purser;
    const page = await notifications.list({ pageSize: size, pageToken, signal }).page();
    session.unread.set(page.response.unreadCount);
    return page;
  });
  const { reload } = loaded;
  useEffect(() => {
    if (revision === 0) return undefined;
    const timer = setTimeout(reload, laterMs);
    return () => clearTimeout(timer);
  }, [revision, reload]);
  return loaded;
}
