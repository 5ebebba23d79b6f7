import { Alert, Button, Card, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useOperatorText } from './operator-text.ts';

interface SignInProps {
  /** Reason of the error with which the last key was refused. */
  refusal: string | undefined;
  onKey(key: string): void;
}

/** Asks for the operator's key. Whether it is the right one the first call tells. */
export function SignIn({ refusal, onKey }: SignInProps) {
  const { o } = useOperatorText();
  const [key, setKey] = useState('');
  return (
    <Card withBorder component="section" className="below" aria-labelledby="operator-sign-in">
      <Title order={2} size="h4" id="operator-sign-in">
        {o.signIn.title}
      </Title>
      <Text size="sm" my="xs">
        {o.signIn.lead}
      </Text>
      {refusal !== undefined && (
        <Alert color="red" variant="outline" role="alert" mb="sm">
          {refusal === 'OPERATIONS_DISABLED' ? o.signIn.disabled : o.signIn.wrong}
        </Alert>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== '') onKey(key.trim());
        }}
      >
        <Stack align="start">
          <PasswordInput
            label={o.signIn.key}
            description={o.signIn.hint}
            value={key}
            autoComplete="off"
            className="operator-key"
            onChange={(event) => setKey(event.currentTarget.value)}
          />
          <Button type="submit">{o.signIn.submit}</Button>
        </Stack>
      </form>
    </Card>
  );
}
