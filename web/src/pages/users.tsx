import {
  Anchor,
  Button,
  Card,
  Group,
  NativeSelect,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { Purser } from '#sdk/src/purser.ts';
import { PurserError } from '#sdk/src/purser-error.ts';
import type { Money } from '#sdk/src/index.ts';
import { AmountField } from '../parts/amount-field.tsx';
import { currencies } from '../parts/currencies.ts';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { PageHeading } from '../parts/page-heading.tsx';
import { newKey } from '../session/new-key.ts';
import { forgetUser, isUserId, knownUsers } from '../session/users.ts';
import { readAmount } from '../text/read-amount.ts';
import { useText } from '../text/text-context.tsx';

interface UsersPageProps {
  onChoose(userId: string): void;
}

/** Who is shopping: one of the known users, or a new one. */
export function UsersPage({ onChoose }: UsersPageProps) {
  const { t } = useText();
  const [known, setKnown] = useState(() => knownUsers().filter((user) => user !== 'demo'));
  const forget = (user: string) => {
    forgetUser(user);
    setKnown(known.filter((each) => each !== user));
  };
  return (
    <>
      <PageHeading title={t.users.title} />
      <Text mb="lg">{t.users.lead}</Text>
      <div className="two-columns">
        <Stack>
          <Card withBorder>
            <Button size="md" onClick={() => onChoose('demo')}>
              {t.users.demo}
            </Button>
            <Text size="sm" c="dimmed" mt="xs">
              {t.users.demoHint}
            </Text>
          </Card>
          {known.length > 0 && (
            <Card withBorder>
              <Title order={2} size="h4" mb="sm">
                {t.users.known}
              </Title>
              <Stack gap="xs" component="ul" className="plain-list">
                {known.map((user) => (
                  <Group key={user} component="li" justify="space-between" wrap="nowrap">
                    <Anchor
                      component="button"
                      type="button"
                      className="wrap-anywhere"
                      onClick={() => onChoose(user)}
                    >
                      {t.users.continueAs(user)}
                    </Anchor>
                    <Button size="compact-sm" variant="subtle" onClick={() => forget(user)}>
                      {t.users.forget(user)}
                    </Button>
                  </Group>
                ))}
              </Stack>
            </Card>
          )}
        </Stack>
        <NewUser onCreated={onChoose} />
      </div>
    </>
  );
}

function NewUser({ onCreated }: { onCreated(userId: string): void }) {
  const { t } = useText();
  const [id, setId] = useState('');
  const [currencyCode, setCurrencyCode] = useState('USD');
  const [opening, setOpening] = useState('100');
  const form = useOpening(id, readAmount(opening, currencyCode).amount, onCreated);
  return (
    <Card withBorder component="section" aria-labelledby="new-user">
      <Title order={2} size="h4" mb="sm" id="new-user">
        {t.users.createTitle}
      </Title>
      <form onSubmit={form.submit} noValidate>
        <Stack>
          <TextInput
            label={t.users.id}
            description={t.users.idHint}
            value={id}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            required
            onChange={(event) => setId(event.currentTarget.value)}
            error={form.isChecked && !isUserId(id) ? t.users.idInvalid : undefined}
          />
          <NativeSelect
            label={t.users.currency}
            data={[...currencies]}
            value={currencyCode}
            onChange={(event) => setCurrencyCode(event.currentTarget.value)}
          />
          <AmountField
            label={t.users.opening}
            value={opening}
            onChange={setOpening}
            currencyCode={currencyCode}
            isChecked={form.isChecked}
            required
          />
          {form.error !== undefined && <ErrorPanel error={form.error} />}
          {form.exists && (
            <Button variant="default" onClick={() => onCreated(id)}>
              {t.users.continueAs(id)}
            </Button>
          )}
          <Button type="submit" loading={form.isBusy}>
            {t.users.create}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}

function useOpening(id: string, amount: Money | undefined, onCreated: (userId: string) => void) {
  const [isChecked, setIsChecked] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [key] = useState(newKey);
  const exists = error instanceof PurserError && error.is('ACCOUNT_ALREADY_EXISTS');
  async function create(): Promise<void> {
    setIsChecked(true);
    setError(undefined);
    if (!isUserId(id) || amount === undefined) return;
    setIsBusy(true);
    try {
      await openAccount(id, amount, key);
      onCreated(id);
    } catch (thrown) {
      setError(thrown);
    } finally {
      setIsBusy(false);
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void create();
  };
  return { isChecked, isBusy, error, exists, submit };
}

/**
 * Opens the user's account and puts the first money in. Tries with one key end what has begun, and
 * pay once.
 */
async function openAccount(userId: string, amount: Money, key: string): Promise<void> {
  const purser = new Purser({ baseUrl: '', userId, timeoutMs: 15_000 });
  const { currencyCode } = amount;
  await purser.account.create({ currencyCode }, { idempotencyKey: `${key}-open` });
  await purser.account.topUp({ amount, idempotencyKey: `${key}-top-up` });
}
