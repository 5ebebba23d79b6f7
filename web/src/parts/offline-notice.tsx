import { Alert } from '@mantine/core';
import { useOptionalSession } from '../session/session-context.tsx';
import { useText } from '../text/text-context.tsx';

/** Says that what the page shows may be old, for as long as nothing answers. */
export function OfflineNotice() {
  const { t, format } = useText();
  const connection = useOptionalSession()?.connection;
  if (connection?.kind !== 'offline') return null;
  const since = t.connection.since(format.clock(connection.since));
  return (
    <Alert color="orange" variant="outline" mb="md" title={`${t.connection.offline}, ${since}`}>
      {t.connection.offlineHint}
    </Alert>
  );
}
