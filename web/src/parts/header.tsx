import { ActionIcon, NativeSelect, useMantineColorScheme } from '@mantine/core';
import type { MantineColorScheme } from '@mantine/core';
import { Link, usePath } from '../navigation/navigation.tsx';
import { useUnreadCount } from '../session/inbox.ts';
import { useOptionalSession } from '../session/session-context.tsx';
import { isLanguage, languages } from '../text/language.ts';
import { useText } from '../text/text-context.tsx';
import { ConnectionBadge } from './connection-badge.tsx';
import { Icon } from './icon.tsx';
import type { IconName } from './icon.tsx';

const schemes: readonly MantineColorScheme[] = ['auto', 'light', 'dark'];

/** Where one can go, how the connection is, and how the pages look. */
export function Header({ userId }: { userId: string | undefined }) {
  const { t } = useText();
  const session = useOptionalSession();
  return (
    <header className="header">
      <div className="header-row">
        <Link href="/" className="brand">
          {t.shop}
        </Link>
        {session !== undefined && <ConnectionBadge state={session.connection} />}
        <div className="header-tools">
          <SchemeSwitch />
          <LanguageSwitch />
          {userId !== undefined && (
            <Link
              href="/users"
              className="user-link"
              aria-label={`${t.signedInAs(userId)}. ${t.switchUser}`}
            >
              <Icon name="user" />
              <span className="user-name">{userId}</span>
            </Link>
          )}
        </div>
      </div>
      {userId !== undefined && <MainMenu />}
    </header>
  );
}

const sections: readonly { name: IconName & keyof Sections; href: string }[] = [
  { name: 'wallet', href: '/wallet' },
  { name: 'orders', href: '/orders' },
  { name: 'inbox', href: '/inbox' },
  { name: 'operations', href: '/system' },
];

interface Sections {
  wallet: string;
  orders: string;
  inbox: string;
  operations: string;
}

/** At the top where there is room, at the bottom of a phone. */
function MainMenu() {
  const { t } = useText();
  const path = usePath();
  const unread = useUnreadCount();
  return (
    <nav className="main-menu" aria-label={t.mainMenu}>
      {sections.map(({ name, href }) => (
        <Link
          key={name}
          href={href}
          aria-current={path === href || path.startsWith(`${href}/`) ? 'page' : undefined}
        >
          <Icon name={name} />
          <span>{t.sections[name]}</span>
          {name === 'inbox' && unread > 0 && (
            <span className="unread">
              <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
              <span className="visually-hidden">{t.inbox.unread(unread)}</span>
            </span>
          )}
        </Link>
      ))}
    </nav>
  );
}

function LanguageSwitch() {
  const { t, language, setLanguage } = useText();
  return (
    <NativeSelect
      aria-label={t.language}
      size="sm"
      rightSection={null}
      rightSectionWidth={0}
      className="language"
      value={language}
      data={Object.keys(languages).map((code) => ({ value: code, label: code.toUpperCase() }))}
      onChange={({ currentTarget: { value } }) => {
        if (isLanguage(value)) setLanguage(value);
      }}
    />
  );
}

function SchemeSwitch() {
  const { t } = useText();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = schemes[(schemes.indexOf(colorScheme) + 1) % schemes.length] ?? 'auto';
  return (
    <ActionIcon
      variant="default"
      size="lg"
      aria-label={`${t.scheme.label}: ${t.scheme[colorScheme]}`}
      title={`${t.scheme.label}: ${t.scheme[colorScheme]}`}
      onClick={() => setColorScheme(next)}
    >
      <Icon name={colorScheme} />
    </ActionIcon>
  );
}
