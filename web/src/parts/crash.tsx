import { Button, Container, Text, Title } from '@mantine/core';
import { Component } from 'react';
import type { ReactNode } from 'react';
import { useText } from '../text/text-context.tsx';

/** In place of a page that has thrown: words, and a way out. */
export class Crash extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError(): { isBroken: boolean } {
    return { isBroken: true };
  }

  override render() {
    return this.state.isBroken ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const { t } = useText();
  return (
    <Container component="main" size="sm" py="xl" role="alert">
      <Title order={1}>{t.errors.crashed}</Title>
      <Text my="md">{t.errors.crashedText}</Text>
      <Button onClick={() => location.reload()}>{t.errors.reload}</Button>
    </Container>
  );
}
