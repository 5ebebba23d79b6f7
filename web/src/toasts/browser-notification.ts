import type { Change } from '../session/newest.ts';
import type { Toast } from './toast-list.ts';

/** Whether the browser may show notifications for the page; undefined when it has none. */
export function notificationPermission(): NotificationPermission | undefined {
  return 'Notification' in globalThis ? Notification.permission : undefined;
}

/**
 * Shows a change through the browser when the user has allowed that and does not see the page. Tabs
 * that tell of the same change replace each other's, by the tag.
 */
export function showInBackground({ title, text }: Omit<Toast, 'id'>, change: Change): void {
  const isSeen = document.visibilityState === 'visible';
  if (isSeen || notificationPermission() !== 'granted') return;
  const tag =
    change.kind === 'order'
      ? `${change.order.name}@${change.order.version}`
      : `account@${change.account.ledgerVersion}`;
  try {
    const shown = new Notification(title, { ...(text !== undefined && { body: text }), tag });
    shown.addEventListener('click', () => {
      focus();
      shown.close();
    });
  } catch {
    // Chromium on Android has the interface, and refuses it to pages.
  }
}
