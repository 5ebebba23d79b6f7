import type { Money } from '#sdk/src/index.ts';

/** One notification. */
export interface InboxItem {
  name: string;
  kind: string;
  /** Name of the order; empty for one about the account. */
  order: string;
  amount: Money;
  failureReason: string | undefined;
  createTime: Date;
  isUnread: boolean;
}

export interface InboxPage {
  items: InboxItem[];
  nextPageToken: string;
  unreadCount: number;
  /** Whether the system has no notifications at all. */
  isAbsent: boolean;
}

/** A system without the notifications service. */
export const absentInbox: InboxPage = {
  items: [],
  nextPageToken: '',
  unreadCount: 0,
  isAbsent: true,
};

/** Reads ListNotificationsResponse of purser.notifications.v1 from its JSON. */
export function readInbox(json: unknown): InboxPage {
  const { notifications, nextPageToken, unreadCount } = json as Json;
  return {
    items: ((notifications ?? []) as Json[]).map(readItem),
    nextPageToken: String(nextPageToken ?? ''),
    unreadCount: Number(unreadCount ?? 0),
    isAbsent: false,
  };
}

type Json = Readonly<Record<string, unknown>>;

function readItem(json: Json): InboxItem {
  const { name, kind, order, amount, failureReason, createTime, readTime } = json;
  const { currencyCode, amountMinor } = amount as Json;
  return {
    name: String(name),
    kind: String(kind),
    order: String(order ?? ''),
    amount: { currencyCode: String(currencyCode), amountMinor: BigInt(String(amountMinor ?? 0)) },
    failureReason: failureReason === undefined ? undefined : String(failureReason),
    createTime: new Date(String(createTime)),
    isUnread: readTime === undefined,
  };
}

/** The page as it will be when everything up to the moment has been read. */
export function withRead(page: InboxPage, until: Date): InboxPage {
  const items = page.items.map((item) =>
    item.createTime <= until ? { ...item, isUnread: false } : item,
  );
  return { ...page, items, unreadCount: items.filter(({ isUnread }) => isUnread).length };
}
