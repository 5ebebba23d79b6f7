import { Container } from '@mantine/core';
import { useCallback, useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { navigate, usePath } from './navigation/navigation.tsx';
import { routeOf } from './navigation/route.ts';
import type { Route } from './navigation/route.ts';
import { InboxPage } from './pages/inbox.tsx';
import { NewOrderPage } from './pages/new-order.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { OperationsPage } from './pages/operations.tsx';
import { OrderPage } from './pages/order.tsx';
import { OrdersPage } from './pages/orders.tsx';
import { UsersPage } from './pages/users.tsx';
import { WalletPage } from './pages/wallet.tsx';
import { Header } from './parts/header.tsx';
import { OfflineNotice } from './parts/offline-notice.tsx';
import { SessionProvider } from './session/session-context.tsx';
import { currentUser, rememberUser } from './session/users.ts';
import { useText } from './text/text-context.tsx';
import { Toasts } from './toasts/toasts.tsx';

/** The store front: its frame, and the page that the address names. */
export function App() {
  const [userId, setUserId] = useState(currentUser);
  const route = routeOf(usePath());
  const choose = useCallback((chosen: string) => {
    rememberUser(chosen);
    setUserId(chosen);
    // Who has chosen at another page's address wanted to go there.
    if (['start', 'users'].includes(routeOf(location.pathname).page)) navigate('/wallet');
  }, []);
  const isStart = route.page === 'start';
  useEffect(() => {
    if (isStart && userId !== undefined) navigate('/wallet', { replace: true });
  }, [isStart, userId]);
  if (userId === undefined) {
    return (
      <Frame userId={undefined}>
        <PageWithoutUser route={route} onChoose={choose} />
      </Frame>
    );
  }
  return (
    <SessionProvider key={userId} userId={userId}>
      <Frame userId={userId}>
        <OfflineNotice />
        <Page route={route} onChoose={choose} />
      </Frame>
    </SessionProvider>
  );
}

function Frame({ userId, children }: { userId: string | undefined; children: ReactNode }) {
  const { t } = useText();
  return (
    <>
      <a href="#content" className="skip-link">
        {t.skip}
      </a>
      <Header userId={userId} />
      <Container component="main" size="lg" id="content" tabIndex={-1} className="content">
        {children}
      </Container>
      <Toasts />
    </>
  );
}

interface PageProps {
  route: Route;
  onChoose(userId: string): void;
}

/** Whatever belongs to a user asks for one first. */
function PageWithoutUser({ route, onChoose }: PageProps) {
  if (route.page === 'operations') return <OperationsPage />;
  if (route.page === 'not-found') return <NotFoundPage />;
  return <UsersPage onChoose={onChoose} />;
}

function Page({ route, onChoose }: PageProps) {
  switch (route.page) {
    case 'start':
      return null;
    case 'users':
      return <UsersPage onChoose={onChoose} />;
    case 'wallet':
      return <WalletPage />;
    case 'new-order':
      return <NewOrderPage />;
    case 'orders':
      return <OrdersPage />;
    case 'order':
      return <OrderPage key={route.name} name={route.name} />;
    case 'inbox':
      return <InboxPage />;
    case 'operations':
      return <OperationsPage />;
    case 'not-found':
      return <NotFoundPage />;
  }
}
