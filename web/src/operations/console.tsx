import { Alert, Button, Group } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import { AuditSection } from './audit-section.tsx';
import { InstancesSection } from './instances-section.tsx';
import { LettersSection } from './letters-section.tsx';
import { isKeyFault, operatorClient } from './operator-client.ts';
import { forgetOperatorKey, rememberOperatorKey, takeOperatorKey } from './operator-key.ts';
import { useOperatorText } from './operator-text.ts';
import { SignIn } from './sign-in.tsx';
import { ThroughputSection } from './throughput-section.tsx';
import { usePolled } from './use-polled.ts';

const lookEveryMs = 5_000;

/** What operators see of the system, once they have signed in. */
export function Console() {
  const [key, setKey] = useState(takeOperatorKey);
  const [refusal, setRefusal] = useState<string>();
  const signIn = (given: string) => {
    rememberOperatorKey(given);
    setRefusal(undefined);
    setKey(given);
  };
  const signOut = useCallback((reason?: string) => {
    forgetOperatorKey();
    setRefusal(reason);
    setKey(undefined);
  }, []);
  if (key === undefined) return <SignIn refusal={refusal} onKey={signIn} />;
  return <Panels key={key} operatorKey={key} onSignOut={signOut} />;
}

interface PanelsProps {
  operatorKey: string;
  /** With the reason where the key was refused. */
  onSignOut(reason?: string): void;
}

function Panels({ operatorKey, onSignOut }: PanelsProps) {
  const { o } = useOperatorText();
  const client = useMemo(() => operatorClient(operatorKey), [operatorKey]);
  const load = async (signal: AbortSignal) => {
    try {
      return await client.getStatus({ signal, timeoutMs: lookEveryMs });
    } catch (error) {
      if (isKeyFault(error) && !signal.aborted) onSignOut(error.reason);
      throw error;
    }
  };
  const { data: status, error } = usePolled('status', lookEveryMs, load);
  return (
    <>
      {error !== undefined && (
        <Alert color="red" variant="outline" role="alert" mb="md">
          {o.noAnswer}
        </Alert>
      )}
      <InstancesSection status={status} />
      <ThroughputSection throughput={status?.throughput} />
      <LettersSection client={client} />
      <AuditSection client={client} />
      <Group justify="end" mt="md">
        <Button variant="default" onClick={() => onSignOut()}>
          {o.signIn.signOut}
        </Button>
      </Group>
    </>
  );
}
