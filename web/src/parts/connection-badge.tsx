import type { ConnectionState } from '../live/live-connection.ts';
import { useText } from '../text/text-context.tsx';

/** Whether what the page shows is up to date: always visible, in words. */
export function ConnectionBadge({ state }: { state: ConnectionState }) {
  const { t, format } = useText();
  const { kind, since } = state;
  const time = t.connection.since(format.clock(since));
  return (
    <span
      className="connection"
      data-kind={kind}
      role="status"
      title={`${t.connection[kind]}, ${time}`}
    >
      <span className="connection-dot" aria-hidden="true" />
      <span className="visually-hidden">{t.connection.label}: </span>
      <span className="connection-text">{t.connection[kind]}</span>
      <span className="connection-short" aria-hidden="true">
        {t.connection.short[kind]}
      </span>
      {kind === 'offline' && <span className="connection-time"> {time}</span>}
    </span>
  );
}
