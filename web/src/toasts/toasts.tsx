import { CloseButton } from '@mantine/core';
import { createContext, use, useSyncExternalStore } from 'react';
import { Link } from '../navigation/navigation.tsx';
import { useText } from '../text/text-context.tsx';
import { ToastList } from './toast-list.ts';

const ToastContext = createContext(new ToastList());

/** Where the pages put their messages. */
export function useToasts(): ToastList {
  return use(ToastContext);
}

/** The messages, in a corner. Screen readers say each of them when it comes. */
export function Toasts() {
  const toasts = useToasts();
  const shown = useSyncExternalStore(toasts.subscribe, () => toasts.shown);
  const { t } = useText();
  return (
    <section className="toasts" aria-label={t.toasts.label} aria-live="polite" aria-atomic="false">
      {shown.map(({ id, tone, title, text, href }) => (
        <div
          key={id}
          className="toast"
          data-tone={tone}
          onMouseEnter={() => toasts.hold(id)}
          onMouseLeave={() => toasts.release(id)}
          onFocus={() => toasts.hold(id)}
          onBlur={() => toasts.release(id)}
        >
          <div className="toast-text">
            <strong>{title}</strong>
            {text !== undefined && <span>{text}</span>}
            {href !== undefined && <Link href={href}>{t.open}</Link>}
          </div>
          <CloseButton
            size="sm"
            aria-label={`${t.toasts.dismiss}: ${title}`}
            onClick={() => toasts.remove(id)}
          />
        </div>
      ))}
    </section>
  );
}
